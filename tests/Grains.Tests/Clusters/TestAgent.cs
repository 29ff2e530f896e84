using System.Collections.Concurrent;
using System.Text.Json;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Pools;
using Orchestrator.TestKit.Training;

namespace Orchestrator.Grains.Tests.Clusters;

/// <summary>An agent with nothing but its messages: what it does, and when, is for a test to say.</summary>
internal sealed class TestAgent(GrainCluster cluster, string pool, string name, string instance = "i1", int slots = 1)
{
    private static readonly ConcurrentDictionary<string, byte[]> Checkpoints = new(StringComparer.Ordinal);
    private int _requests;

    private IPoolGrain Pool => cluster.Grains.GetGrain<IPoolGrain>(pool);

    /// <summary>What it registers as: a trainer of the noisy quadratic.</summary>
    public WorkerRegistration Registration { get; init; } = new()
    {
        Instance = instance,
        Slots = slots,
        Trainers =
        [
            new OfferedTrainer(null, new TrainerDescription
            {
                Protocol = 1,
                Trainer = new TrainerIdentity("trainer", "1.0", "trainer-digest"),
                Deterministic = true,
                Class = "cpu-test-t1",
                Workloads =
                [
                    new WorkloadDescription
                    {
                        Name = "noisy-quadratic",
                        Settings = JsonSerializer.Deserialize<JsonElement>("{}"),
                        Metrics = ["validation_loss", "test_loss"],
                    },
                ],
            }),
        ],
    };

    public async Task<WorkerRegistered> RegisterAsync(params IReadOnlyList<Lease> spooled) =>
        await TryRegisterAsync(spooled) ?? throw new InvalidOperationException($"{name} was refused");

    /// <summary>Null where another agent has taken the name.</summary>
    public Task<WorkerRegistered?> TryRegisterAsync(params IReadOnlyList<Lease> spooled) =>
        Pool.RegisterAsync(name, Registration with { Spooled = [.. spooled.Select(lease => lease.Token)] });

    /// <summary>Asks for leases; the answer may take until the clock was moved.</summary>
    public Task<LeaseReply> PollAsync(int free = 1, int ahead = 0, string? request = null) =>
        Pool.LeaseAsync(new LeaseRequest(name, instance, request ?? $"{name}-{instance}-{_requests++}", free, ahead));

    /// <summary>Asks for leases, and returns when the pool has the question.</summary>
    public Task<Task<LeaseReply>> BeginPollAsync() => cluster.BeginAsync("IPoolGrain.LeaseAsync", () => PollAsync());

    /// <summary>Asks for one lease, which must be there.</summary>
    public async Task<Lease> TakeAsync() => Assert.Single((await AskAsync()).Leases);

    /// <summary>Asks for leases, moving the clock until the answer comes.</summary>
    public async Task<LeaseReply> AskAsync(int free = 1, int ahead = 0)
    {
        Task<LeaseReply> poll = PollAsync(free, ahead);
        await cluster.UntilAsync(() => Task.FromResult(poll.IsCompleted), TimeSpan.FromMilliseconds(200));
        return await poll;
    }

    public Task<HeartbeatReply> HeartbeatAsync(params IReadOnlyList<Lease> leases) => HeartbeatAsync(0, leases);

    public Task<HeartbeatReply> HeartbeatAsync(long steps, IReadOnlyList<Lease> leases) => Pool.HeartbeatAsync(new HeartbeatRequest(
        pool, name, instance, [.. leases.Select(lease => new LeaseProgress(lease.Token, steps, ["step", "loss"], [[1, 0.5]]))]));

    /// <summary>Says that it is about to end.</summary>
    public Task DrainAsync(params IReadOnlyList<Lease> leases) =>
        Pool.HeartbeatAsync(new HeartbeatRequest(pool, name, instance, [.. leases.Select(lease => new LeaseProgress(lease.Token, 0))], Draining: true));

    /// <summary>Trains what was leased, and keeps the checkpoint in the blob store.</summary>
    public async Task<TrainedSegment> TrainAsync(SegmentWork work, long? stopAfter = null)
    {
        TrainedSegment result = QuadraticTrainer.Run(work, work.Parent is { } parent ? Checkpoints[parent.Sha256] : null, stopAfter);
        if (result.Blob is { } blob)
        {
            Checkpoints[blob.Sha256] = result.Checkpoint!;
            await cluster.Blobs.PutAsync(blob.Sha256, new MemoryStream(result.Checkpoint!));
        }

        return result;
    }

    /// <summary>Tells a result as the silo's API passes it on.</summary>
    public async Task<CompletionReceipt> TellAsync(Lease lease, TrainedSegment result)
    {
        Assert.True(cluster.Tokens.TryRead(lease.Token, out LeaseClaims? claims));
        CompletionReceipt receipt = await cluster.Grains.GetGrain<IJobGrain>(claims.Job)
            .CompleteAsync(new LeasedCompletion(claims.Segment, claims.Lease, pool, name, result.ToCompletion(lease.Token)));
        await Pool.ReleasedAsync(claims.Lease, name, result.Failure is { WorkerFault: true } fault ? fault.Message : null);
        return receipt;
    }

    /// <summary>Trains a lease and tells its result.</summary>
    public async Task<CompletionReceipt> FinishAsync(Lease lease, long? stopAfter = null) => await TellAsync(lease, await TrainAsync(lease.Work, stopAfter));
}
