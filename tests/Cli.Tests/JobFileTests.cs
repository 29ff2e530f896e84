using Orchestrator.Cli.JobFiles;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.Cli.Tests;

/// <summary>Refusals name the file, the line, the key, what was found and what is allowed; all of them at once.</summary>
public sealed class JobFileTests
{
    [Theory]
    [InlineData("digits.yaml")]
    [InlineData("fashion-cnn.yaml")]
    [InlineData("shakespeare.yaml")]
    public void The_examples_are_valid(string name)
    {
        JobFile file = JobFile.Read(Path.Combine(Executables.Root, "examples", name));
        Assert.Empty(file.Problems);
        Assert.NotNull(file.Spec);
    }

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once_with_its_line()
    {
        JobFile file = Read("""
            name: digits
            trainer:
              workload: image-classification
            objective: { metric: validation_loss, type: minimise }
            steps: 0
            schedule:
              algorithm: autolrs
              range: { min: 1, max: 0.1 }
            sede: 3
            """);
        Assert.Equal([4, 5, 8, 9], file.Problems.Select(problem => problem.Line));
        Assert.Contains(file.Problems, p => p.Message.Contains("minimize, maximize"));
        Assert.Contains(file.Problems, p => p.Message.Contains("at least 1"));
        Assert.Contains(file.Problems, p => p.Message.Contains("min < max"));
        Assert.Contains(file.Problems, p => p.Message.Contains("did you mean 'seed'"));
    }

    [Theory]
    [InlineData("schedule: { algorithm: autolrs, settings: { stageSteps: 10, probeSteps: 10 } }", "fewer than a stage's 10 steps")]
    [InlineData("schedule: annealed", "at least 600 steps")]
    [InlineData("", "at least 600 steps")]
    [InlineData("schedule: { algorithm: fixed, settings: { kind: cosine } }", "'peak' is missing")]
    [InlineData("schedule: { algorithm: autolrs, settings: { hold: 0.3 } }", "unknown key 'hold'")]
    [InlineData("schedule: autolrs\nalgorithm: grid", "there are none")]
    [InlineData("schedule: autolrs\nmaxTrialCount: 3", "more than 1 is for searches over 'parameters'")]
    [InlineData("schedule: autolrs\nalgorithm: grid\nmaxTrialCount: 2\nparameters: [{ name: schedule.peak, type: double, min: 0.1, max: 1 }]", "searched of a fixed schedule")]
    [InlineData("schedule: { algorithm: fixed, settings: { kind: cosine, peak: 1 } }\nalgorithm: grid\nparameters: [{ name: schedule.peak, type: discrete, values: [1, 2] }]", "give one of them")]
    [InlineData("schedule: { algorithm: fixed, settings: { kind: cosine } }\nparameters: [{ name: schedule.peak, type: discrete, values: [1, 2] }]", "'algorithm' is missing")]
    [InlineData("schedule: { algorithm: fixed, settings: { kind: cosine } }\nalgorithm: grid\nparameters: [{ name: schedule.peak, type: double, min: 0.1, max: 1 }]", "'maxTrialCount' is missing")]
    [InlineData("schedule: { algorithm: fixed, settings: { kind: cosine } }\nalgorithm: grid\nmaxTrialCount: 3\nparameters: [{ name: weightDecay, type: double, min: 0.1, max: 1 }]", "the one parameter")]
    [InlineData("schedule: { algorithm: fixed, settings: { kind: cosine } }\nalgorithm: { name: halving, settings: { rungs: [[3, 1], [9, 1/2]] } }\nparameters: [{ name: schedule.peak, type: double, min: 0.1, max: 1 }]", "trials falling and shares rising to 1")]
    [InlineData("schedule: { algorithm: autolrs }\nreplicates: 3", "not available yet")]
    [InlineData("schedule: { algorithm: autolrs }\norder: arrival", "not available yet")]
    [InlineData("schedule: { algorithm: fixed, settings: { kind: runs, runs: [[99, 0.1, 0.1]] } }", "sum to 99")]
    public void A_bad_schedule_is_refused(string schedule, string said)
    {
        JobFile file = Read($"""
            name: digits
            trainer: {"{"} workload: image-classification {"}"}
            objective: {"{"} metric: validation_loss, type: minimize {"}"}
            steps: 100
            {schedule}
            """);
        Assert.Contains(file.Problems, problem => problem.Message.Contains(said));
    }

    private static JobFile Read(string yaml)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("job.yaml"), yaml);
        return JobFile.Read(folder.File("job.yaml"));
    }
}
