using System.Diagnostics;
using System.Text.Json;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.EndToEnd.Tests;

/// <summary>Runs the real command.</summary>
internal static class OrchestratorCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    public const string DigitsJob = """
        name: digits
        trainer:
          workload: image-classification
          settings: { dataset: digits, model: mlp, hidden: 16, batchSize: 64 }
        objective: { metric: validation_loss, type: minimize }
        steps: 220
        schedule:
          algorithm: autolrs
          range: { min: 1e-3, max: 0.5 }
          settings: { candidates: 4, stageSteps: 55, probeSteps: 10 }
        """;

    public static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Executables.Path("Cli", "orchestrator"))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    public static async Task<(int Code, string Out, string Error)> RunAsync(params string[] arguments)
    {
        using Process process = Start(arguments);
        using var limit = new CancellationTokenSource(Limit);
        Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
        Task<string> error = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await error);
    }

    public static JobResult ReadResult(string folder) =>
        JsonSerializer.Deserialize<JobResult>(File.ReadAllText(Path.Combine(folder, "result.json")), WireJson.Options)!;

    /// <summary>What may not differ between two runs of a reproducible job.</summary>
    public static string Essence(JobResult result) => JsonSerializer.Serialize(
        result with { Job = "", Version = "", Seconds = new SecondsResult(0, 0), Steps = result.Steps with { Lost = 0, Reused = 0, Speculative = 0 } },
        WireJson.Options);
}
