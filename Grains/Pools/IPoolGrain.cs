using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Jobs;
using Orleans;
using Orleans.Concurrency;

namespace Orchestrator.Grains.Pools;

/// <summary>
/// The workers of one pool and the leases they hold. Key: the pool's name. A cache: the queue is the store's index on
/// planned segments, and who holds which lease is told again by the agents' heartbeats after a restart.
/// </summary>
[Alias("orchestrator.IPoolGrain")]
public interface IPoolGrain : IGrainWithStringKey
{
    /// <summary>A worker says what it is. Leases of an older instance that are not among the spooled are lost at once.</summary>
    [Alias("register"), AlwaysInterleave]
    Task<WorkerRegistered?> RegisterAsync(string worker, WorkerRegistration registration);

    /// <summary>Grants leases, waiting up to 15 s for work. Nothing is granted to whoever has cancelled: nobody listens.</summary>
    [Alias("lease"), AlwaysInterleave, ResponseTimeout("00:00:25")]
    Task<LeaseReply> LeaseAsync(LeaseRequest request, CancellationToken ct = default);

    /// <summary>An agent is alive, and how far its leases are.</summary>
    [Alias("heartbeat"), AlwaysInterleave]
    Task<HeartbeatReply> HeartbeatAsync(HeartbeatRequest request);

    /// <summary>A lease was completed; <paramref name="fault"/> is why its worker should rest, if it should.</summary>
    [Alias("released"), AlwaysInterleave]
    Task ReleasedAsync(string lease, string worker, string? fault);

    /// <summary>Segments of a job may be offered now.</summary>
    [Alias("offer"), AlwaysInterleave, OneWay]
    Task OfferAsync(IReadOnlyList<Storage.QueuedSegment> segments);

    /// <summary>Segments of a job are no longer offered, and those that run are told to stop.</summary>
    /// <param name="job">The job.</param>
    /// <param name="segments">Which; null = all.</param>
    /// <param name="reason">What those that run are told; null = they go on.</param>
    [Alias("stop"), AlwaysInterleave]
    Task StopAsync(string job, IReadOnlyList<int>? segments, Contracts.Trainers.StopReason? reason);

    /// <summary>Pins a job to what one of the workers has, or says why none fits.</summary>
    [Alias("place"), AlwaysInterleave]
    Task<PlacementReply> PlaceAsync(PlacementRequest request);

    /// <summary>What the workers registered, to check a submission against.</summary>
    [Alias("registrations"), AlwaysInterleave]
    Task<IReadOnlyList<WorkerRegistration>> RegistrationsAsync();

    [Alias("workers"), AlwaysInterleave]
    Task<IReadOnlyList<WorkerView>> WorkersAsync();

    [Alias("stats"), AlwaysInterleave]
    Task<PoolStats> StatsAsync();

    /// <summary>Segments of a job that are leased now, and to whom.</summary>
    [Alias("leased"), AlwaysInterleave]
    Task<IReadOnlyDictionary<int, string>> LeasedAsync(string job);
}

/// <summary>What a job needs of a worker.</summary>
public sealed record PlacementRequest(TrainerSelection Trainer, string? Dataset, string Metric, ResourceSpec Resources);

/// <summary>A placement, or why there is none.</summary>
public sealed record PlacementReply(JobPlacement? Placement, string? Reason);

/// <summary>Figures of a pool for /metrics and /v1/pools.</summary>
public sealed record PoolStats(int Workers, int Slots, int Planned, int Leased, double OldestLeaseSeconds);
