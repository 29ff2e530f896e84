using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.EndToEnd.Tests.BadInput;

/// <summary>`orchestrator run` of a file that is wrong: exit code 2, the line, what was found and what is wanted.</summary>
public sealed class JobFileTests
{
    [Theory]
    [InlineData("steps: 220", "steps: 0", "job.yaml:6: steps: found 0", "at least 1")]
    [InlineData("min: 1e-3, max: 0.5", "min: 0.5, max: 1e-3", "job.yaml:9: schedule.range", "min")]
    [InlineData("probeSteps: 10", "probeSteps: 56", "job.yaml:10: schedule.settings.probeSteps: found 56", "55")]
    [InlineData("candidates: 4", "candidats: 4", "job.yaml:10: schedule.settings.candidats", "candidates")]
    [InlineData("schedule:", "shedule:", "job.yaml:7: shedule", "schedule")]
    [InlineData("type: minimize }", "type: minimise }", "job.yaml:5: objective.type: found \"minimise\"", "minimize")]
    [InlineData("schedule:", "resources: { pool: gpu }\nschedule:", "job.yaml:7: resources.pool: found \"gpu\"", "submit")]
    public async Task A_mistake_is_refused_with_its_line(string right, string wrong, params string[] words)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("job.yaml"), OrchestratorCommand.DigitsJob.Replace(right, wrong));
        (int code, _, string error) = await OrchestratorCommand.RunAsync("run", folder.File("job.yaml"), "--out", folder.File("out"));
        Assert.True(code == 2, $"exit code {code}: {error}");
        Assert.All(words, word => Assert.Contains(word, error));
        Assert.False(Directory.Exists(folder.File("out")), "a file that is refused leaves nothing behind");
    }

    [Fact]
    public async Task A_data_folder_that_is_not_there_is_named()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("job.yaml"), OrchestratorCommand.DigitsJob);
        (int code, _, string error) = await OrchestratorCommand.RunAsync(
            "run", folder.File("job.yaml"), "--out", folder.File("out"), "--data", folder.File("nowhere"));
        Assert.Equal(2, code);
        Assert.Contains($"The data folder {folder.File("nowhere")} (--data) does not exist", error);
    }

    /// <summary>The file is mended and run again: what was refused did not bind the folder to itself.</summary>
    [Theory]
    [InlineData("hidden: 16", "hiden: 16", "job.yaml:4: trainer.settings.hiden: unknown setting 'hiden'", "hidden")]
    [InlineData("dataset: digits, ", "", "job.yaml:4: trainer.settings: 'dataset' is missing", "folder")]
    public async Task A_file_that_the_workers_refuse_can_be_mended_and_run_into_the_same_folder(string right, string wrong, params string[] words)
    {
        using var folder = new TemporaryFolder();
        string file = folder.File("job.yaml");
        File.WriteAllText(file, OrchestratorCommand.DigitsJob.Replace(right, wrong));
        (int code, _, string error) = await OrchestratorCommand.RunAsync("run", file, "--out", folder.File("out"));
        Assert.Equal(2, code);
        Assert.All(words, word => Assert.Contains(word, error));

        File.WriteAllText(file, OrchestratorCommand.DigitsJob);
        (code, _, error) = await OrchestratorCommand.RunAsync("run", file, "--out", folder.File("out"));
        Assert.True(code == 0, error);
    }
}
