using System.Text.Json;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.EndToEnd.Tests;

/// <summary>Runs the real command.</summary>
internal static class OrchestratorCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

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

    /// <summary>Starts it.</summary>
    public static ProgramProcess Start(params IReadOnlyList<string> arguments) =>
        ProgramProcess.Start(Executables.Path("Cli", "orchestrator"), arguments);

    /// <summary>Runs it to its end.</summary>
    public static async Task<(int Code, string Out, string Error)> RunAsync(params IReadOnlyList<string> arguments)
    {
        await using ProgramProcess process = Start(arguments);
        int code = await process.ExitAsync(Limit, TestContext.Current.CancellationToken);
        return (code, process.Out, process.Error);
    }

    public static JobResult ReadResult(string folder) =>
        JsonSerializer.Deserialize<JobResult>(File.ReadAllText(Path.Combine(folder, "result.json")), WireJson.Options)!;
}
