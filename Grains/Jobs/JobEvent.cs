using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;

namespace Orchestrator.Grains.Jobs;

/// <summary>
/// What happened to a job, in order: the job's state is these events applied. A type that was stored once is read
/// for ever: fields may be added, never changed.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(JobSubmitted), "job_submitted")]
[JsonDerivedType(typeof(JobUnschedulable), "job_unschedulable")]
[JsonDerivedType(typeof(JobPlaced), "job_placed")]
[JsonDerivedType(typeof(SearchDecided), "search_decided")]
[JsonDerivedType(typeof(StretchObserved), "stretch_observed")]
[JsonDerivedType(typeof(SegmentFinished), "segment_finished")]
[JsonDerivedType(typeof(SegmentSplit), "segment_split")]
[JsonDerivedType(typeof(SegmentRetried), "segment_retried")]
[JsonDerivedType(typeof(DuplicateCounted), "duplicate_counted")]
[JsonDerivedType(typeof(CheckpointLost), "checkpoint_lost")]
[JsonDerivedType(typeof(NondeterminismFound), "nondeterminism_found")]
[JsonDerivedType(typeof(BudgetReached), "budget_reached")]
[JsonDerivedType(typeof(GoalReached), "goal_reached")]
[JsonDerivedType(typeof(FinalPlanned), "final_planned")]
[JsonDerivedType(typeof(JobPaused), "job_paused")]
[JsonDerivedType(typeof(JobResumed), "job_resumed")]
[JsonDerivedType(typeof(JobEnded), "job_ended")]
public abstract record JobEvent;

/// <summary>A job file was accepted.</summary>
public sealed record JobSubmitted(string Owner, JsonElement Spec) : JobEvent;

/// <summary>No worker can run it; it waits for one.</summary>
public sealed record JobUnschedulable(string Reason) : JobEvent;

/// <summary>It was pinned to a trainer, its data and a numeric class.</summary>
/// <param name="Placement">To what.</param>
/// <param name="At">Seconds since submission: until then it waited, which is no time it ran; null in events of old.</param>
public sealed record JobPlaced(JobPlacement Placement, double? At = null) : JobEvent;

/// <summary>The search decided, on the state after event <see cref="DecidedFrom"/>.</summary>
public sealed record SearchDecided(SearchDecision Decision, long DecidedFrom) : JobEvent;

/// <summary>The search observed a stretch, in planned order.</summary>
public sealed record StretchObserved(Observation Observation) : JobEvent;

/// <summary>A segment ended for good.</summary>
public sealed record SegmentFinished : JobEvent
{
    public required int Segment { get; init; }

    /// <summary>Succeeded, Diverged or Failed.</summary>
    public required Storage.SegmentState Outcome { get; init; }

    /// <summary>Steps made.</summary>
    public required long Steps { get; init; }

    /// <summary>Samples that its validations sent forward.</summary>
    public long Samples { get; init; }

    /// <summary>The first validation that reached the goal, in it or in what it is the rest of.</summary>
    public GoalMark? Goal { get; init; }

    public BlobReference? Checkpoint { get; init; }

    public IReadOnlyDictionary<string, double>? Metrics { get; init; }

    /// <summary>Last finite training loss, for looking at.</summary>
    public double? Loss { get; init; }

    /// <summary>Lease that brought the result.</summary>
    public required string Lease { get; init; }

    public string? Worker { get; init; }

    public double TrainerSeconds { get; init; }

    public SegmentFailure? Failure { get; init; }
}

/// <summary>A prefix of a segment is done: the segment ends there, and <see cref="Remainder"/> is the rest of it.</summary>
/// <param name="Watch">What the divergence guard of the rest knows of the prefix; null = it has none.</param>
public sealed record SegmentSplit(int Segment, long Steps, int Remainder, GuardWatch? Watch = null) : JobEvent;

/// <summary>A segment is offered again.</summary>
/// <param name="Cause">
/// failed, lost, drained (lost with a worker that had said that it ends), released or worker_fault; only the first two count
/// towards giving up.
/// </param>
/// <param name="LostSteps">Steps that will be made again.</param>
/// <param name="Lease">The lease that ended so.</param>
public sealed record SegmentRetried(int Segment, string Cause, long LostSteps, string Message, string? Worker, string Lease) : JobEvent;

/// <summary>Work that was done twice.</summary>
/// <param name="Steps">All steps of the lease; those that were counted when it was given up are not counted again.</param>
public sealed record DuplicateCounted(int Segment, long Steps, string Lease) : JobEvent;

/// <summary>The bytes of a segment's checkpoint are gone or changed: the segment runs again.</summary>
public sealed record CheckpointLost(int Segment, string Sha256, string Message) : JobEvent;

/// <summary>
/// A recomputed checkpoint has other bytes than the first. In a bitwise class that ends the job; in others the second
/// has replaced the first.
/// </summary>
public sealed record NondeterminismFound(int Segment, string First, string Second) : JobEvent;

/// <summary>The next steps would exceed the budget.</summary>
public sealed record BudgetReached(string Message) : JobEvent;

/// <summary>A full validation reached the goal.</summary>
public sealed record GoalReached(long Step, double Value) : JobEvent;

/// <summary>The full validation and the test at the end were planned, from the end of <see cref="Parent"/>.</summary>
public sealed record FinalPlanned(int? Parent, long Step) : JobEvent;

/// <summary>No new segment starts.</summary>
/// <param name="At">Seconds since submission.</param>
public sealed record JobPaused(string By, string Reason, double At) : JobEvent;

/// <summary>Segments start again.</summary>
/// <param name="At">Seconds since submission.</param>
public sealed record JobResumed(string By, double At) : JobEvent;

/// <summary>The job has ended.</summary>
/// <param name="WallSeconds">From submission to end by the silo's clock; for people.</param>
public sealed record JobEnded(JobStatus Status, string? EndedBy, JobError? Error, double WallSeconds) : JobEvent;

/// <summary>What a job is pinned to.</summary>
/// <param name="Trainer">Digest of the trainer.</param>
/// <param name="Name">Its name and version, for people.</param>
/// <param name="Data">Digest of the data set; empty when it names none.</param>
/// <param name="Class">Numeric class.</param>
/// <param name="Bitwise">Whether equal segments give equal bytes in this class.</param>
/// <param name="Metrics">Metrics of the workload.</param>
/// <param name="BatchSize">Samples of a step, to count evaluations in steps; 0 = unknown.</param>
/// <param name="CutsGuarded">Whether a divergence guard heeds losses from before a stop, so that its segments may be cut.</param>
public sealed record JobPlacement(
    string Trainer,
    string Name,
    string Data,
    string Class,
    bool Bitwise,
    IReadOnlyList<string> Metrics,
    long BatchSize,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool CutsGuarded = false);
