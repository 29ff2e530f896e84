using System.Text;
using System.Text.Json;
using Orchestrator.Cli.Report;
using Orchestrator.Cli.Watching;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.Output;

/// <summary>Leaves what a job found in a folder: result.json, schedule.csv, model.safetensors, report.html. Each appears whole or not at all.</summary>
internal static class ResultFiles
{
    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = ["result.json", "schedule.csv", "model.safetensors", "report.html"];

    /// <summary>Writes them; a job without a model leaves none.</summary>
    /// <returns>The result.</returns>
    public static async Task<JobResult> WriteAsync(IJobsApi api, string job, string folder, string command, CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        JobResult result = await api.ResultAsync(job, ct);
        await WriteAsync(Path.Combine(folder, "result.json"), JsonSerializer.Serialize(result, WireJson.Indented) + "\n", ct);
        await WriteAsync(Path.Combine(folder, "schedule.csv"), await api.ScheduleAsync(job, "csv", ct), ct);
        if (result.Checkpoint is not null)
        {
            string path = Path.Combine(folder, "model.safetensors");
            await using Stream model = await api.ModelAsync(job, ct);
            await using (FileStream file = File.Create(path + ".tmp"))
            {
                await model.CopyToAsync(file, ct);
            }

            File.Move(path + ".tmp", path, overwrite: true);
        }

        CurvesView curves = await api.CurvesAsync(job, 400, ct);
        JsonElement spec = await api.SpecAsync(job, ct);
        SearchLog log = await SearchLog.ReadAsync(api, job, ct);
        await WriteAsync(Path.Combine(folder, "report.html"), ReportPage.Render(result, log, curves, spec, command), ct);
        return result;
    }

    private static async Task WriteAsync(string path, string text, CancellationToken ct)
    {
        await File.WriteAllTextAsync(path + ".tmp", text, new UTF8Encoding(false), ct);
        File.Move(path + ".tmp", path, overwrite: true);
    }
}
