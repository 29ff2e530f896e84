using Orchestrator.Contracts.Trainers;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;
using Orchestrator.TestKit.Trainers;

namespace Orchestrator.Trainer.Tests;

/// <summary>What the real process answers on its standard streams.</summary>
public sealed class ProtocolTests
{
    [Fact]
    public void Describe_names_workloads_data_and_class_and_ends()
    {
        using var trainer = new TrainerProcess("--describe", "--data", Executables.ShippedData);
        var description = Assert.IsType<DescriptionReply>(trainer.Read());
        Assert.Equal(["image-classification", "language-model", "noisy-quadratic"], description.Workloads.Select(w => w.Name).Order());
        Assert.Equal(1797, Assert.Single(description.Data, d => d.Name == "digits").Samples);
        Assert.True(description.Deterministic);
        Assert.Equal(NumericClass.Name(1), description.Class);
        Assert.True(trainer.Process.WaitForExit(TimeSpan.FromSeconds(10)));
    }

    [Theory]
    [InlineData("cuda:0", "-p:TorchBackend=cuda")]
    [InlineData("gpu", "give cpu or cuda:N")]
    public void A_device_that_is_not_here_is_named_before_any_job_is_sent_there(string device, string advice)
    {
        using var trainer = new TrainerProcess("--describe", "--device", device);
        trainer.Process.WaitForExit();
        Assert.Equal(2, trainer.Process.ExitCode);
        string log = trainer.Log;
        Assert.Contains($"device `{device}`", log, StringComparison.Ordinal);
        Assert.Contains(advice, log, StringComparison.Ordinal);
    }

    [Fact]
    public void The_end_of_standard_input_ends_it_in_the_middle_of_a_segment()
    {
        using var trainer = new TrainerProcess();
        trainer.Open("noisy-quadratic");
        trainer.Write(new TrainRequest { Id = 9, Segment = "long", Start = 0, Steps = 50_000_000, Plan = RatePlan.Constant(50_000_000, 0.01) });
        trainer.Input.Close();
        Assert.True(trainer.Process.WaitForExit(TimeSpan.FromSeconds(2)));
    }

    /// <summary>Also where its checkpoint was not wanted at the end: the stop says where to keep it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_paused_segment_answers_with_the_prefix_it_made(bool output)
    {
        using var folder = new TemporaryFolder();
        using var trainer = new TrainerProcess();
        trainer.Open("noisy-quadratic", scratch: folder.Path, progressSeconds: 0.01);
        trainer.Write(new TrainRequest
        {
            Id = 9,
            Segment = "long",
            Start = 0,
            Steps = 2_000_000,
            Plan = RatePlan.Constant(2_000_000, 0.01),
            Output = output ? new CheckpointTarget(folder.File("prefix")) : null,
        });
        Assert.InRange(trainer.ReadProgress().Steps, 1, 1_999_999);
        trainer.Write(new StopRequest { Reason = StopReason.Paused, Output = output ? null : new CheckpointTarget(folder.File("prefix")) });
        var done = Assert.IsType<DoneReply>(trainer.Read());
        Assert.InRange(done.Steps, 1, 1_999_999);
        Assert.NotNull(done.Checkpoint);
        Assert.True(File.Exists(folder.File("prefix")));
    }

    [Fact]
    public void A_guard_counts_the_losses_before_a_stop()
    {
        using var trainer = new TrainerProcess();
        trainer.Open("noisy-quadratic");
        TrainRequest request = new()
        {
            Segment = "rest",
            Start = 0,
            Steps = 5,
            Plan = RatePlan.Constant(5, 1e-6),
            Guard = new DivergenceLimits { MaxLossRise = 3, Patience = 4, ReferenceLoss = 1, EarlierLosses = [1e6, 1e6, 1e6] },
        };
        Assert.Equal(0, Assert.IsType<FailedReply>(trainer.Train(request)).Step);
        Assert.Equal(3, Assert.IsType<FailedReply>(trainer.Train(request with { Guard = request.Guard with { ReferenceLoss = 1e-6, EarlierLosses = null } })).Step);
    }

    [Fact]
    public void A_rate_that_no_model_survives_fires_the_guard()
    {
        using var trainer = new TrainerProcess();
        trainer.Open("noisy-quadratic");
        var failed = Assert.IsType<FailedReply>(trainer.Train(new TrainRequest { Segment = "hot", Start = 0, Steps = 2000, Plan = RatePlan.Constant(2000, 1e6) }));
        Assert.Equal(FailureKind.Diverged, failed.Kind);
        Assert.NotNull(failed.Step);
        Assert.NotNull(failed.LastFiniteLoss);
    }

    [Theory]
    [InlineData("image-classification", """{ "dataset": "digits", "hiden": 3 }""", "hiden")]
    [InlineData("image-classification", """{ "dataset": "digits", "hidden": "many" }""", "hidden")]
    [InlineData("image-classification", """{ "dataset": "nowhere" }""", "nowhere")]
    [InlineData("image-classification", """{ "dataset": "digits", "batchSize": 60000 }""", "batch")]
    [InlineData("nothing", "{}", "nothing")]
    public void Bad_settings_are_refused_by_name_and_the_process_stays(string workload, string settings, string named)
    {
        using var trainer = new TrainerProcess();
        var failed = Assert.IsType<FailedReply>(trainer.Open(workload, settings));
        Assert.Equal(FailureKind.BadInput, failed.Kind);
        Assert.Contains(named, failed.Message, StringComparison.OrdinalIgnoreCase);
        Assert.IsType<ReadyReply>(trainer.Open("noisy-quadratic"));
    }

    [Fact]
    public void A_line_that_is_no_request_is_refused_and_the_next_one_served()
    {
        using var trainer = new TrainerProcess();
        trainer.Input.WriteLine("""{ "type": "dance", "id": 3 }""");
        var failed = Assert.IsType<FailedReply>(trainer.Open("noisy-quadratic"));
        Assert.Equal(3, failed.Re);
        Assert.IsType<ReadyReply>(trainer.Read());
    }

    [Fact]
    public void A_changed_checkpoint_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var trainer = new TrainerProcess();
        trainer.Open("noisy-quadratic", scratch: folder.Path);
        File.WriteAllText(folder.File("parent"), "other bytes");
        var failed = Assert.IsType<FailedReply>(trainer.Train(new TrainRequest
        {
            Segment = "s",
            Start = 1,
            Steps = 1,
            Plan = RatePlan.Constant(1, 0.1),
            Parent = new CheckpointSource(folder.File("parent"), new string('0', 64)),
        }));
        Assert.Contains("parent", failed.Message);
    }

    /// <summary>Searches are tried on it by the thousand: it starts at once.</summary>
    [Fact]
    public void The_noisy_quadratic_never_loads_libtorch()
    {
        using var trainer = new TrainerProcess();
        trainer.Open("noisy-quadratic");
        Assert.IsType<DoneReply>(trainer.Train(new TrainRequest
        {
            Segment = "light",
            Start = 0,
            Steps = 50,
            Plan = RatePlan.Constant(50, 0.01),
            Validate = new ValidationRequest { AtEnd = true },
        }));
        Assert.DoesNotContain("torch", File.ReadAllText($"/proc/{trainer.Process.Id}/maps"), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_loss_that_rises_beyond_its_limit_fires_the_guard_long_before_it_overflows()
    {
        using var trainer = new TrainerProcess();
        trainer.Open("noisy-quadratic");
        var failed = Assert.IsType<FailedReply>(trainer.Train(new TrainRequest
        {
            Segment = "hot",
            Start = 0,
            Steps = 2000,
            Plan = RatePlan.Constant(2000, 6),
            Guard = new DivergenceLimits { MaxLossRise = 3, Patience = 4 },
        }));
        Assert.Equal(FailureKind.Diverged, failed.Kind);
        Assert.InRange(failed.LastFiniteLoss!.Value, 0, 1e6);
        Assert.Contains("3 times the reference", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_is_not_there_is_refused_with_what_to_do()
    {
        using var trainer = new TrainerProcess();
        var failed = Assert.IsType<FailedReply>(
            trainer.Open("image-classification", """{ "dataset": "digits" }""", device: "cuda:0"));
        Assert.Equal(FailureKind.BadInput, failed.Kind);
        Assert.Contains("TorchBackend=cuda", failed.Message, StringComparison.Ordinal);
    }
}
