using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Grains.Jobs;

/// <summary>All a job knows, immutable: its events applied.</summary>
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

    /// <summary>How many segments are in which state, those that left the memory included.</summary>
    public ImmutableSortedDictionary<SegmentState, int> Counts { get; init; } = ImmutableSortedDictionary<SegmentState, int>.Empty;

    /// <summary>Numbers of the segments that wait for a result: an index on <see cref="Segments"/>.</summary>
    [JsonIgnore]
    public ImmutableSortedSet<int> Open { get; init; } = [];

    /// <summary>Numbers of the segments that were entered or replaced since the batch began.</summary>
    [JsonIgnore]
    public ImmutableSortedSet<int> Changed { get; init; } = [];

    public ImmutableList<StageResult> Stages { get; init; } = [];

    public ImmutableList<ScheduleRun> Schedule { get; init; } = [];

    public StepCounts Steps { get; init; } = new();

    /// <summary>Samples that validations sent forward: whole numbers, so that no order of arrival changes their sum.</summary>
    public long EvaluationSamples { get; init; }

    /// <summary>The same of the evaluations at the end.</summary>
    public long FinalSamples { get; init; }

    /// <summary>Steps that the stretches observed so far made: unlike <see cref="Steps"/>, no matter of arrival.</summary>
    public long SettledSteps { get; init; }

    /// <summary>Samples that their validations sent forward.</summary>
    public long SettledSamples { get; init; }

    public double TrainerSeconds { get; init; }

    /// <summary>Steps of the path that ended, for looking at.</summary>
    public long PathSteps { get; init; }

    public double? Loss { get; init; }

    /// <summary>Set once the final evaluation was planned: steps of the model it evaluates.</summary>
    public long? FinalStep { get; init; }

    /// <summary>Segment whose checkpoint is the model; null = the initial weights.</summary>
    public int? FinalParent { get; init; }

    /// <summary>The evaluations at the end.</summary>
    public ImmutableArray<int> FinalPieces { get; init; } = [];

    /// <summary>Metrics of the final evaluation.</summary>
    public ImmutableSortedDictionary<string, double> Metrics { get; init; } = ImmutableSortedDictionary<string, double>.Empty;

    /// <summary>steps, goal or budget, once the end is near.</summary>
    public string? EndedBy { get; init; }

    /// <summary>A recomputed checkpoint that had other bytes, in a class that promises the same.</summary>
    public NondeterminismFound? Nondeterminism { get; init; }

    public double WallSeconds { get; init; }

    /// <summary>When it was paused, in seconds since submission; null while it is not.</summary>
    public double? PausedAt { get; init; }

    /// <summary>Seconds it waited to be placed, or was paused, up to the last resumption.</summary>
    public double PausedSeconds { get; init; }

    /// <summary>Whether nothing can happen to it any more.</summary>
    [JsonIgnore]
    public bool Ended => Status is JobStatus.Succeeded or JobStatus.Failed or JobStatus.Cancelled;

    /// <summary>The search has said that it is at its end, or was cut short.</summary>
    [JsonIgnore]
    public bool SearchOver => EndedBy is not null;

    /// <summary>The state with these segments entered or replaced.</summary>
    public JobState With(params IEnumerable<SegmentRecord> segments)
    {
        JobState next = this;
        foreach (SegmentRecord segment in segments)
        {
            ImmutableSortedDictionary<SegmentState, int> counts = next.Counts;
            if (next.Segments.TryGetValue(segment.Number, out SegmentRecord? known))
            {
                counts = counts.SetItem(known.State, counts[known.State] - 1);
            }

            next = next with
            {
                Segments = next.Segments.SetItem(segment.Number, segment),
                Counts = counts.SetItem(segment.State, counts.GetValueOrDefault(segment.State) + 1),
                Open = segment.Open ? next.Open.Add(segment.Number) : next.Open.Remove(segment.Number),
                Changed = next.Changed.Add(segment.Number),
            };
        }

        return next;
    }

    /// <summary>The state with its index built, as a snapshot does not hold it.</summary>
    public JobState Indexed() => this with { Open = [.. Segments.Values.Where(segment => segment.Open).Select(segment => segment.Number)] };

    /// <summary>What waits, directly or not, for a segment's checkpoint, parents before children.</summary>
    public IEnumerable<SegmentRecord> Descendants(int number)
    {
        ILookup<int?, SegmentRecord> children = Open.Select(open => Segments[open]).ToLookup(segment => segment.Parent);
        var parents = new Queue<int>([number]);
        while (parents.TryDequeue(out int parent))
        {
            foreach (SegmentRecord child in children[parent])
            {
                parents.Enqueue(child.Number);
                yield return child;
            }
        }
    }
}

/// <summary>A stretch that was planned.</summary>
/// <param name="Plan">As the search planned it.</param>
/// <param name="Pieces">Its segments in order.</param>
/// <param name="OnPath">Whether its steps are training; else search.</param>
/// <param name="Observed">Whether the search has observed it.</param>
/// <param name="Outcome">How it ended; null while it runs.</param>
/// <param name="Made">Steps that its ended segments made.</param>
/// <param name="Samples">Samples that their validations sent forward.</param>
public sealed record StretchRecord(
    Stretch Plan,
    ImmutableArray<int> Pieces,
    bool OnPath,
    bool Observed,
    StretchOutcome? Outcome,
    long Made,
    long Samples = 0);

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

    /// <summary>Whether it is the rest of its parent, which was stopped: the two were planned as one.</summary>
    public bool Rest { get; init; }

    /// <summary>What its divergence guard knows of what it is the rest of; null = it begins anew, or has none.</summary>
    public GuardWatch? Watch { get; init; }

    /// <summary>Whether its checkpoint is wanted.</summary>
    public required bool Output { get; init; }

    /// <summary>validation or test, for the evaluations at the end.</summary>
    public string? FinalSplit { get; init; }

    public BlobReference? Checkpoint { get; init; }

    /// <summary>Whether it runs again because its checkpoint was lost.</summary>
    public bool Recompute { get; init; }

    /// <summary>Failures so far; the third ends it.</summary>
    public int Failures { get; init; }

    /// <summary>
    /// Leases lost in a row; the third counts as a failure for good. One that failed ends the row; one that was given
    /// back says nothing.
    /// </summary>
    public int Losses { get; init; }

    /// <summary>Lease that brought its result.</summary>
    public string? Lease { get; init; }

    /// <summary>Leases that are over and did not bring it, by id; null = none.</summary>
    public ImmutableSortedDictionary<string, PastLease>? Past { get; init; }

    public string? Worker { get; init; }

    public string? Failure { get; init; }

    public double Seconds { get; init; }

    /// <summary>Samples that its validations sent forward.</summary>
    public long Samples { get; init; }

    /// <summary>The first validation that reached the goal, in it or in what it is the rest of.</summary>
    public GoalMark? Goal { get; init; }

    public ImmutableSortedDictionary<string, double>? Metrics { get; init; }

    /// <summary>Whether it waits for a result.</summary>
    [JsonIgnore]
    public bool Open => State is SegmentState.Waiting or SegmentState.Planned or SegmentState.Held;
}

/// <summary>A lease that is over without being the one whose result was taken.</summary>
/// <param name="Lost">Steps of it that were counted as lost.</param>
/// <param name="Answered">Whether a message brought its end; else it was given up, and may bring a result still.</param>
public sealed record PastLease(long Lost, bool Answered);

/// <summary>A full validation that reached the goal.</summary>
public sealed record GoalMark(long Step, double Value);
