using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.EndToEnd.Tests.Runs;

/// <summary>`orchestrator run` with a trainer that is any program: `run` starts its own agent so that it allows that.</summary>
public sealed class ForeignRunTests
{
    [Fact]
    public async Task A_schedule_search_runs_with_a_trainer_that_is_any_program()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("job.yaml"), $$"""
            name: foreign
            trainer:
              command: [{{string.Join(", ", FakeTrainer.Command)}}]
              settings: { stepSeconds: 0.001 }
            objective: { metric: validation_loss, type: minimize }
            steps: 60
            schedule:
              algorithm: autolrs
              range: { min: 1e-3, max: 1 }
              settings: { candidates: 3, stageSteps: 30, probeSteps: 6 }
            """);
        (int code, string output, string error) = await OrchestratorCommand.RunAsync(
            "run", folder.File("job.yaml"), "--out", folder.File("out"), "--slots", "2");
        Assert.True(code == 0, output + error);
        JobResult result = OrchestratorCommand.ReadResult(folder.File("out"));
        Assert.Equal(60, result.Steps.Training);

        // Two probes that lose, and three cool-downs. All its losses are alike: later, probes are not worth their steps.
        Assert.Equal((2 * 6) + (3 * 3), result.Steps.Search);
        Assert.Equal(2, result.Stages.Count);
        Assert.Equal(0.5, result.Metrics["validation_loss"]);
        Assert.False(result.Reproducible, "nobody promised that a foreign trainer is deterministic");

        // Its checkpoint is any one file, and is left as it is.
        Assert.StartsWith("seed 1 parent", File.ReadAllText(Path.Combine(folder.File("out"), "model.safetensors")));
        Assert.Contains("foreign", File.ReadAllText(Path.Combine(folder.File("out"), "report.html")));
    }
}
