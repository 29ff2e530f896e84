using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Trainers;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.EndToEnd.Tests.Runs;

/// <summary>The main job: one command, real processes, real data.</summary>
public sealed class RunTests
{
    [Fact]
    public async Task One_two_and_four_slots_give_the_same_bits()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("job.yaml"), OrchestratorCommand.DigitsJob);
        var essences = new List<string>();
        foreach (string slots in (string[])["1", "2", "4"])
        {
            (int code, _, string error) = await OrchestratorCommand.RunAsync("run", folder.File("job.yaml"), "--out", folder.File(slots), "--slots", slots);
            Assert.True(code == 0, error);
            JobResult result = OrchestratorCommand.ReadResult(folder.File(slots));
            Assert.Equal(JobStatus.Succeeded, result.Status);
            Assert.Equal(220, result.Steps.Training);
            Assert.Equal(result.Steps.Training, result.Schedule.Runs.Sum(run => run.Steps));
            Assert.Equal(0, result.Steps.Lost);
            essences.Add(ReproducibleResult.Of(result));
        }

        Assert.Equal(essences[0], essences[1]);
        Assert.Equal(essences[0], essences[2]);
        // Plain PyTorch names: what torch would load into nn.Linear(64, 16) and nn.Linear(16, 10).
        await using FileStream file = File.OpenRead(Path.Combine(folder.File("1"), "model.safetensors"));
        SafetensorsHeader model = SafetensorsHeader.Read(file, file.Length);
        Assert.Equal(
            ["hidden.bias [16]", "hidden.weight [16,64]", "output.bias [10]", "output.weight [10,16]"],
            model.Tensors.Select(tensor => $"{tensor.Name} [{string.Join(',', tensor.Shape)}]").Order());
        foreach (string left in (string[])["schedule.csv", "report.html"])
        {
            Assert.True(new FileInfo(Path.Combine(folder.File("1"), left)).Length > 100, left);
        }
    }

    [Fact]
    public async Task A_range_that_no_model_survives_fails_the_job_and_names_the_range()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("job.yaml"), OrchestratorCommand.DigitsJob.Replace("min: 1e-3, max: 0.5", "min: 1e7, max: 1e9"));
        (int code, _, string error) = await OrchestratorCommand.RunAsync("run", folder.File("job.yaml"), "--out", folder.File("out"));
        Assert.Equal(1, code);
        Assert.Contains("1E+07", error);
        Assert.Equal("no_stable_rate", OrchestratorCommand.ReadResult(folder.File("out")).Error!.Code);
    }
}
