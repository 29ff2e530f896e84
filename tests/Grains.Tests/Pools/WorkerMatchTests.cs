using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Pools;

namespace Orchestrator.Grains.Tests.Pools;

/// <summary>Which worker can run what a job is pinned to, and what a job is pinned to.</summary>
public sealed class WorkerMatchTests
{
    private static readonly PlacementRequest Request = new(
        new TrainerSelection { Workload = "image-classification" }, "digits", "validation_loss", new ResourceSpec());

    [Fact]
    public void A_worker_fits_by_the_digest_of_its_trainer_its_data_and_its_class()
    {
        SegmentWork work = Registrations.Work();
        Assert.True(WorkerMatch.Fits(Registrations.Worker(), work));
        Assert.False(WorkerMatch.Fits(Registrations.Worker(), work with { TrainerDigest = "other" }));
        Assert.False(WorkerMatch.Fits(Registrations.Worker(), work with { DataDigest = "other" }));
        Assert.False(WorkerMatch.Fits(Registrations.Worker(), work with { Class = "cpu-arm64-default-t1-libtorch2.10" }));
        Assert.False(WorkerMatch.Fits(Registrations.Worker(), work with { Trainer = new TrainerSelection { Workload = "language-model" } }));
        Assert.False(WorkerMatch.Fits(Registrations.Worker(), work with { Trainer = new TrainerSelection { Name = "resnet" } }));
        Assert.True(WorkerMatch.Fits(Registrations.Worker(), work with { DataDigest = "" }));
    }

    [Fact]
    public void The_threads_of_a_job_are_part_of_its_class()
    {
        PlacementReply placed = WorkerMatch.Place([Registrations.Worker()], Request with { Trainer = Request.Trainer with { Threads = 4 } });
        Assert.Equal("cpu-x64-avx2-t4-libtorch2.10", placed.Placement!.Class);
        SegmentWork work = Registrations.Work() with { Trainer = new TrainerSelection { Workload = "image-classification", Threads = 4 } };
        Assert.True(WorkerMatch.Fits(Registrations.Worker(), work with { Class = placed.Placement.Class }));
        Assert.False(WorkerMatch.Fits(Registrations.Worker(), work));
    }

    [Fact]
    public void A_lease_goes_only_to_a_worker_with_the_labels_and_the_memory_that_the_job_asks_for()
    {
        SegmentWork work = Registrations.Work() with { Labels = new Dictionary<string, string> { ["gpu"] = "h100" } };
        Assert.False(WorkerMatch.Fits(Registrations.Worker(), work));
        Assert.False(WorkerMatch.Fits(Registrations.Worker() with { Labels = new Dictionary<string, string> { ["gpu"] = "a100" } }, work));
        Assert.True(WorkerMatch.Fits(Registrations.Worker() with { Labels = new Dictionary<string, string> { ["gpu"] = "h100" } }, work));
        SegmentWork large = Registrations.Work() with { Trainer = new TrainerSelection { Workload = "image-classification", MemoryBytes = 9L << 30 } };
        Assert.False(WorkerMatch.Fits(Registrations.Worker(), large));
        Assert.True(WorkerMatch.Fits(Registrations.Worker() with { Memory = 0 }, large));
    }

    [Fact]
    public void A_job_is_pinned_to_what_the_first_fitting_worker_has()
    {
        WorkerRegistration without = Registrations.Worker() with { Trainers = [] };
        JobPlacement placement = WorkerMatch.Place([without, Registrations.Worker()], Request).Placement!;
        Assert.Equal(("digest", "builtin 1.0", "digits-digest", true, 32L), (placement.Trainer, placement.Name, placement.Data, placement.Bitwise, placement.BatchSize));
        Assert.Equal(["validation_loss", "test_loss"], placement.Metrics);
    }

    [Fact]
    public void A_job_that_names_no_data_set_gets_the_workloads_default() =>
        Assert.Equal("digits-digest", WorkerMatch.Place([Registrations.Worker()], Request with { Dataset = null }).Placement!.Data);

    [Fact]
    public void Whoever_cannot_be_placed_is_told_what_is_missing()
    {
        Assert.Contains("No worker is registered in pool 'default'", Reason(Request, []), StringComparison.Ordinal);
        Assert.Contains("workload 'segmentation'", Reason(Request with { Trainer = new TrainerSelection { Workload = "segmentation" } }), StringComparison.Ordinal);
        Assert.Contains("trainer by the name 'resnet'", Reason(Request with { Trainer = new TrainerSelection { Name = "resnet" } }), StringComparison.Ordinal);
        Assert.Contains("--allow-command", Reason(Request with { Trainer = new TrainerSelection { Command = ["python3"] } }), StringComparison.Ordinal);
        Assert.Contains("no metric 'bleu'; it has validation_loss, test_loss", Reason(Request with { Metric = "bleu" }), StringComparison.Ordinal);
        Assert.Contains("data set 'cifar'; they have digits", Reason(Request with { Dataset = "cifar" }), StringComparison.Ordinal);
        Assert.Contains("label gpu: h100", Reason(Request with { Resources = new ResourceSpec { Labels = new Dictionary<string, string> { ["gpu"] = "h100" } } }), StringComparison.Ordinal);
        Assert.Contains("bytes of memory", Reason(Request with { Resources = new ResourceSpec { MemoryBytes = 9L << 30 } }), StringComparison.Ordinal);
    }

    /// <summary>That another worker lacks more is no news, and not true of all.</summary>
    [Fact]
    public void Of_several_workers_the_one_that_comes_nearest_says_what_is_missing()
    {
        WorkerRegistration near = Registrations.Worker() with { Labels = new Dictionary<string, string> { ["gpu"] = "h100" } };
        PlacementRequest request = Request with { Dataset = "cifar", Resources = new ResourceSpec { Labels = near.Labels } };
        foreach (WorkerRegistration[] workers in (WorkerRegistration[][])[[near, Registrations.Worker()], [Registrations.Worker(), near]])
        {
            Assert.Contains("data set 'cifar'", Reason(request, workers), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_command_is_named_by_itself_its_files_and_its_version_and_promises_no_bits()
    {
        WorkerRegistration worker = Registrations.Worker() with { AllowCommand = true };
        JobPlacement Place(TrainerSelection trainer) => WorkerMatch.Place([worker], Request with { Trainer = trainer, Dataset = null }).Placement!;
        var command = new TrainerSelection { Command = ["python3", "train.py"] };
        JobPlacement placed = Place(command);
        Assert.False(placed.Bitwise);
        Assert.Equal(placed.Trainer, Place(command with { HangSeconds = 5 }).Trainer);
        Assert.NotEqual(placed.Trainer, Place(command with { Command = ["python3", "other.py"] }).Trainer);
        Assert.NotEqual(placed.Trainer, Place(command with { Files = ["train.py"] }).Trainer);
        Assert.NotEqual(placed.Trainer, Place(command with { Version = "2" }).Trainer);
        SegmentWork work = Registrations.Work() with { Trainer = command, TrainerDigest = placed.Trainer, DataDigest = "", Class = placed.Class };
        Assert.True(WorkerMatch.Fits(worker, work));
        Assert.False(WorkerMatch.Fits(Registrations.Worker(), work));
    }

    private static string Reason(PlacementRequest request, IReadOnlyList<WorkerRegistration>? workers = null)
    {
        PlacementReply reply = WorkerMatch.Place(workers ?? [Registrations.Worker()], request);
        Assert.Null(reply.Placement);
        return reply.Reason!;
    }
}
