using System.Text.Json.Serialization;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Contracts.Leases;

/// <summary>Body of <c>PUT /v1/pools/{pool}/workers/{worker}</c>: an agent says what it is and what it can run.</summary>
public sealed record WorkerRegistration
{
    /// <summary>Random id of this run of the agent; a new one releases the leases of the old, but for <see cref="Spooled"/>.</summary>
    public required string Instance { get; init; }

    /// <summary>Concurrent segments.</summary>
    public required int Slots { get; init; }

    /// <summary>Devices of the slots, e.g. cpu or cuda:0.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>Bytes of memory of the machine.</summary>
    public long Memory { get; init; }

    /// <summary>Labels of the machine, e.g. gpu = h100.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether jobs may bring a command of their own.</summary>
    public bool AllowCommand { get; init; }

    /// <summary>The trainers it offers, each as it described itself.</summary>
    public IReadOnlyList<OfferedTrainer> Trainers { get; init; } = [];

    /// <summary>Lease tokens whose results wait in the agent's spool.</summary>
    public IReadOnlyList<string> Spooled { get; init; } = [];

    /// <summary>Version of the agent.</summary>
    public string Version { get; init; } = "";
}

/// <summary>A trainer an agent offers.</summary>
/// <param name="Name">Name under which jobs ask for it; null = the built-in trainer, asked for by workload.</param>
/// <param name="Description">What it said to --describe.</param>
public sealed record OfferedTrainer(string? Name, TrainerDescription Description)
{
    /// <summary>
    /// The workload that is meant where a job names the trainer alone: a foreign trainer usually has one, and need not call it
    /// as its operator does. Null where it describes none.
    /// </summary>
    [JsonIgnore]
    public WorkloadDescription? OwnWorkload => Description.Workloads.FirstOrDefault(workload => workload.Name == Name) ?? Description.Workloads.FirstOrDefault();
}

/// <summary>Answer to a registration. Durations, never points in time, cross machines.</summary>
/// <param name="HeartbeatSeconds">How often the agent is to be heard.</param>
/// <param name="LeaseSeconds">Silence after which its segments are offered to others.</param>
public sealed record WorkerRegistered(double HeartbeatSeconds, double LeaseSeconds);

/// <summary>Body of <c>POST /v1/pools/{pool}/leases</c>; waits up to 15 s for work.</summary>
/// <param name="Worker">Name of the worker.</param>
/// <param name="Instance">Its instance.</param>
/// <param name="RequestId">Random; the same request repeated gets the same leases.</param>
/// <param name="Free">Free slots.</param>
/// <param name="Ahead">Leases it may hold beyond its slots, granted only when more waits than the pool has free slots.</param>
public sealed record LeaseRequest(string Worker, string Instance, string RequestId, int Free, int Ahead);

/// <summary>Leases granted; empty = nothing now, ask again.</summary>
/// <param name="Leases">At most Free + Ahead.</param>
/// <param name="Unknown">The silo does not know the worker: register first.</param>
public sealed record LeaseReply(IReadOnlyList<Lease> Leases, bool Unknown = false);

/// <summary>A worker's right to run one segment.</summary>
/// <param name="Token">Signed; sent back in heartbeats and completions, always in the body.</param>
/// <param name="Work">What to run.</param>
public sealed record Lease(string Token, SegmentWork Work);

/// <summary>Body of <c>POST /v1/heartbeats</c>: all leases of the agent at once.</summary>
/// <param name="Pool">Its pool.</param>
/// <param name="Worker">Name of the worker.</param>
/// <param name="Instance">Its instance.</param>
/// <param name="Leases">Those that wait, run, or have a result on its way.</param>
/// <param name="Draining">It is about to end: should a lease not be heard of again, its segment did not kill the worker.</param>
public sealed record HeartbeatRequest(
    string Pool,
    string Worker,
    string Instance,
    IReadOnlyList<LeaseProgress> Leases,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Draining = false);

/// <summary>How far a segment is. For looking at only.</summary>
/// <param name="Token">The lease.</param>
/// <param name="Steps">Steps done; 0 before it runs.</param>
/// <param name="Columns">Names of the columns of <see cref="Points"/>, the first of them step.</param>
/// <param name="Points">Recent points, thinned; a missing value is null.</param>
public sealed record LeaseProgress(
    string Token,
    long Steps,
    IReadOnlyList<string>? Columns = null,
    IReadOnlyList<IReadOnlyList<double?>>? Points = null);

/// <summary>Answer to a heartbeat: one entry a lease that is to stop; the others continue.</summary>
/// <param name="Stops">Leases to stop.</param>
/// <param name="Unknown">The silo does not know the worker: register again.</param>
public sealed record HeartbeatReply(IReadOnlyList<LeaseStop> Stops, bool Unknown = false);

/// <summary>Stop a segment, and why.</summary>
public sealed record LeaseStop(string Token, StopReason Reason);
