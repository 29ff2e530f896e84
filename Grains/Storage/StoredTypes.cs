using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Grains.Storage;

/// <summary>A job's header.</summary>
public sealed record StoredJob
{
    public required string Id { get; init; }

    /// <summary>Who submitted it; "local" without keys.</summary>
    public required string Owner { get; init; }

    public required string Name { get; init; }

    /// <summary>The job file as JSON, as it was submitted.</summary>
    public required string Spec { get; init; }

    public required JobStatus Status { get; init; }

    public required string Pool { get; init; }

    /// <summary>Number of the last event.</summary>
    public required long Sequence { get; init; }

    /// <summary>When it was created, by the silo's clock; for people and for sorting, never for a decision.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>The <see cref="JobView"/> after the last event, as JSON: lists are read without waking a job.</summary>
    public required string View { get; init; }

    /// <summary>The <see cref="JobResult"/> as JSON; null until the job has ended.</summary>
    public string? Result { get; init; }
}

/// <summary>An event of a job.</summary>
/// <param name="Sequence">Dense from 1 within its job.</param>
/// <param name="Type">E.g. segment_finished.</param>
/// <param name="Payload">JSON object.</param>
public sealed record StoredEvent(long Sequence, string Type, string Payload);

/// <summary>A job's state after an event, so that replay need not begin at the first.</summary>
public sealed record StoredSnapshot(long Sequence, string State);

/// <summary>One transaction.</summary>
public sealed record JobCommit
{
    /// <summary>The header after the commit; its sequence is that of the last event.</summary>
    public required StoredJob Job { get; init; }

    /// <summary>Sequence the job must have in the store; compare-and-set.</summary>
    public required long ExpectedSequence { get; init; }

    /// <summary>Events from ExpectedSequence + 1 on, dense.</summary>
    public required IReadOnlyList<StoredEvent> Events { get; init; }

    /// <summary>Segments inserted or replaced.</summary>
    public required IReadOnlyList<StoredSegment> Segments { get; init; }

    /// <summary>Series of finished segments.</summary>
    public IReadOnlyList<StoredSeries> Series { get; init; } = [];

    /// <summary>Logs of finished segments.</summary>
    public IReadOnlyList<StoredLog> Logs { get; init; } = [];

    /// <summary>Checkpoints that results brought.</summary>
    public IReadOnlyList<StoredCheckpoint> Checkpoints { get; init; } = [];

    /// <summary>Replaces the snapshot; null = keep the old one.</summary>
    public StoredSnapshot? Snapshot { get; init; }
}

/// <summary>States of a stored segment. Whether a planned one is leased is known by its pool's memory alone.</summary>
public enum SegmentState
{
    /// <summary>Planned, but a parent has not ended.</summary>
    Waiting,

    /// <summary>May be offered.</summary>
    Planned,

    /// <summary>Held back while its job is paused.</summary>
    Held,

    Succeeded,
    Diverged,
    Failed,
    Cancelled,
}

/// <summary>A segment's row: a read model, and the queue.</summary>
public sealed record StoredSegment
{
    public required string Job { get; init; }

    public required int Segment { get; init; }

    public required string Owner { get; init; }

    public required string Pool { get; init; }

    public required int Priority { get; init; }

    public required string Identity { get; init; }

    public required SegmentState State { get; init; }

    /// <summary>The <see cref="SegmentView"/> as JSON.</summary>
    public required string View { get; init; }

    /// <summary>The <see cref="Contracts.Leases.SegmentWork"/> as JSON, complete once the state is Planned.</summary>
    public required string Work { get; init; }

    /// <summary>Metrics, validations and checkpoint of the result as JSON; null until it ended.</summary>
    public string? Result { get; init; }
}

/// <summary>A segment that may be offered, and the work it is.</summary>
/// <param name="Work">The <see cref="Contracts.Leases.SegmentWork"/> as JSON.</param>
/// <param name="Avoid">Worker on which it failed; another is preferred.</param>
public sealed record QueuedSegment(string Job, int Segment, int Priority, string Work, string? Avoid = null);

/// <summary>A segment's series (header step,rate,loss,gradient_l1,gradient_l2).</summary>
public sealed record StoredSeries(int Segment, string Csv);

/// <summary>A segment's log.</summary>
public sealed record StoredLog(int Segment, string Text);

/// <summary>A checkpoint that is known.</summary>
public sealed record StoredCheckpoint(string Sha256, long Bytes);

/// <summary>What a worker last registered as.</summary>
/// <param name="Registration">The <see cref="Contracts.Leases.WorkerRegistration"/> as JSON.</param>
public sealed record StoredWorker(string Pool, string Worker, string Registration);
