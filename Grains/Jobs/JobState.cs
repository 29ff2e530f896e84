using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Grains.Jobs;

/// <summary>All a job knows, immutable: its events applied .</summary>
public sealed record JobState
{
    /// <summary>Number of the last applied event.</summary>
    public long Sequence { get; init; }

    public string Owner { get; init; } = "";

    public JobStatus Status { get; init; } = JobStatus.Unschedulable;

    /// <summary>Why it is unschedulable, paused, failed or cancelled.</summary>
    public JobError? Reason { get; init; }

    public JobPlacement? Placement { get; init; }

    /// <summary>State of the search; null until the job is placed.</summary>
    [JsonIgnore]
    public SearchState? Search { get; init; }

    /// <summary>Order in which the search observes.</summary>
    public PlannedOrder Order { get; init; } = PlannedOrder.Create(1);

    public ImmutableSortedDictionary<int, StretchRecord> Stretches { get; init; } = ImmutableSortedDictionary<int, StretchRecord>.Empty;

    public ImmutableSortedDictionary<int, SegmentRecord> Segments { get; init; } = ImmutableSortedDictionary<int, SegmentRecord>.Empty;

    /// <summary>Number of the next segment.</summary>
    public int NextSegment { get; init; }

    /// <summary>Segments that left the memory, by state.</summary>
    public ImmutableSortedDictionary<SegmentState, int> Forgotten { get; init; } = ImmutableSortedDictionary<SegmentState, int>.Empty;

    public ImmutableList<StageResult> Stages { get; init; } = [];

    public ImmutableList<ScheduleRun> Schedule { get; init; } = [];

    public StepCounts Steps { get; init; } = new();

    /// <summary>Evaluation so far, not rounded.</summary>
    public double Evaluation { get; init; }

    /// <summary>Final evaluation so far, not rounded.</summary>
    public double Final { get; init; }

    public double TrainerSeconds { get; init; }

    /// <summary>Whether the search has decided since the last observation.</summary>
    public bool Decided { get; init; }

    /// <summary>Steps of the path that ended, for looking at.</summary>
    public long PathSteps { get; init; }

    public double? Loss { get; init; }

    /// <summary>Set once the final evaluation was planned: steps of the model it evaluates.</summary>
    public long? FinalStep { get; init; }

    /// <summary>Segment whose checkpoint is the model; null = the initial weights.</summary>
    public int? FinalParent { get; init; }

    /// <summary>Metrics of the final evaluation.</summary>
    public ImmutableSortedDictionary<string, double> Metrics { get; init; } = ImmutableSortedDictionary<string, double>.Empty;

    /// <summary>steps, goal or budget, once the end is near.</summary>
    public string? EndedBy { get; init; }

    public double WallSeconds { get; init; }

    /// <summary>When it was paused, in seconds since submission; null while it is not.</summary>
    public double? PausedAt { get; init; }

    /// <summary>Seconds it was paused, up to the last resumption.</summary>
    public double PausedSeconds { get; init; }

    /// <summary>Whether nothing can happen to it any more.</summary>
    [JsonIgnore]
    public bool Ended => Status is JobStatus.Succeeded or JobStatus.Failed or JobStatus.Cancelled;

    /// <summary>The search has said that it is at its end, or was cut short.</summary>
    [JsonIgnore]
    public bool SearchOver => EndedBy is not null;
}

/// <summary>A stretch that was planned.</summary>
/// <param name="Plan">As the search planned it.</param>
/// <param name="Pieces">Its segments in order.</param>
/// <param name="OnPath">Whether its steps are training; else search.</param>
/// <param name="Observed">Whether the search has observed it.</param>
/// <param name="Outcome">How it ended; null while it runs.</param>
/// <param name="Made">Steps that its ended segments made.</param>
public sealed record StretchRecord(
    Stretch Plan,
    ImmutableArray<int> Pieces,
    bool OnPath,
    bool Observed,
    StretchOutcome? Outcome,
    long Made);

/// <summary>A segment of the job.</summary>
public sealed record SegmentRecord
{
    public required int Number { get; init; }

    /// <summary>Plan number of its stretch; −1 for the evaluations at the end.</summary>
    public required int Stretch { get; init; }

    public required long Start { get; init; }

    public required long Steps { get; init; }

    /// <summary>Position of its first step within the stretch.</summary>
    public required long Position { get; init; }

    /// <summary>Segment whose checkpoint it starts from; null = the initial weights.</summary>
    public int? Parent { get; init; }

    public required string Identity { get; init; }

    public required SegmentState State { get; init; }

    /// <summary>Whether its checkpoint is wanted.</summary>
    public required bool Output { get; init; }

    /// <summary>validation or test, for the evaluations at the end.</summary>
    public string? FinalSplit { get; init; }

    public BlobReference? Checkpoint { get; init; }

    /// <summary>Whether it runs again because its checkpoint was lost.</summary>
    public bool Recompute { get; init; }

    /// <summary>Failures so far; the third ends it.</summary>
    public int Failures { get; init; }

    /// <summary>Leases lost in a row; the third counts as a failure for good.</summary>
    public int Losses { get; init; }

    /// <summary>Lease that brought its result.</summary>
    public string? Lease { get; init; }

    public string? Worker { get; init; }

    public string? Failure { get; init; }

    public double Seconds { get; init; }

    public ImmutableSortedDictionary<string, double>? Metrics { get; init; }

    /// <summary>Whether it waits for a result.</summary>
    [JsonIgnore]
    public bool Open => State is SegmentState.Waiting or SegmentState.Planned or SegmentState.Held;
}
