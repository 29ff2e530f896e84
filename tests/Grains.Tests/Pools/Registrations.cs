using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Grains.Tests.Pools;

/// <summary>Workers and work for tests of pools.</summary>
internal static class Registrations
{
    /// <summary>A worker with the built-in trainer and one data set.</summary>
    public static WorkerRegistration Worker(string instance = "i1", int slots = 1) => new()
    {
        Instance = instance,
        Slots = slots,
        Memory = 8L << 30,
        Trainers =
        [
            new OfferedTrainer(null, new TrainerDescription
            {
                Protocol = 1,
                Trainer = new TrainerIdentity("builtin", "1.0", "digest"),
                Deterministic = true,
                Class = "cpu-x64-avx2-t1-libtorch2.10",
                Workloads =
                [
                    new WorkloadDescription
                    {
                        Name = "image-classification",
                        Settings = JsonSerializer.Deserialize<JsonElement>("""{"type":"object","properties":{"dataset":{"type":"string","default":"digits"},"batchSize":{"type":"integer","default":32}}}"""),
                        Metrics = ["validation_loss", "test_loss"],
                    },
                ],
                Data = [new DataSetDescription("digits", "digits-digest", 1797)],
            }),
        ],
    };

    /// <summary>A segment that such a worker can run.</summary>
    public static SegmentWork Work(string job = "j", int segment = 0) => new()
    {
        Job = job,
        Segment = segment,
        Identity = $"{job}/{segment}",
        Trainer = new TrainerSelection { Workload = "image-classification" },
        Settings = new JsonObject(),
        Seed = 1,
        Output = true,
        Start = 0,
        Steps = 10,
        Plan = RatePlan.Constant(10, 0.1),
        TrainerDigest = "digest",
        DataDigest = "digits-digest",
        Class = "cpu-x64-avx2-t1-libtorch2.10",
    };

    /// <summary>The same in a queue.</summary>
    public static QueuedSegment Queued(string job = "j", int segment = 0, int priority = 0, string? avoid = null, Func<SegmentWork, SegmentWork>? change = null)
    {
        SegmentWork work = Work(job, segment);
        return new QueuedSegment(job, segment, priority, JsonSerializer.Serialize(change?.Invoke(work) ?? work, WireJson.Options), avoid);
    }
}
