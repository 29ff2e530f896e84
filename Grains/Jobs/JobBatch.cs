using System.Text.Json;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Grains.Jobs;

/// <summary>
/// One transaction in the making: the state as it moves, the events that moved it, and the rows that go with them.
/// Nothing of it is visible until it is committed; a failed one is simply dropped.
/// </summary>
public sealed class JobBatch(JobTransitions transitions, JobState before)
{
    private readonly List<StoredEvent> _events = [];
    private readonly List<StoredLog> _logs = [];
    private readonly Dictionary<int, string> _series = [];
    private readonly Dictionary<int, string> _results = [];
    private readonly List<StoredCheckpoint> _checkpoints = [];

    /// <summary>The state the batch began with.</summary>
    public JobState Before { get; } = before;

    /// <summary>The state now.</summary>
    public JobState State { get; private set; } = before with { Changed = [] };

    /// <summary>Events so far.</summary>
    public IReadOnlyList<StoredEvent> Events => _events;

    /// <summary>Whether the job was paused in this batch, so that what runs is told to stop.</summary>
    public bool Paused { get; set; }

    /// <summary>Checkpoints whose bytes are to be removed once the batch is committed.</summary>
    public List<string> BadBlobs { get; } = [];

    /// <summary>Segments that ended in this batch.</summary>
    public List<SegmentState> EndedSegments { get; } = [];

    /// <summary>Series of a segment that ended in this batch; null = not in this batch.</summary>
    public string? Series(int segment) => _series.GetValueOrDefault(segment);

    /// <summary>Result of a segment that ended in this batch, as stored; null = not in this batch.</summary>
    public string? Result(int segment) => _results.GetValueOrDefault(segment);

    /// <summary>Applies an event and keeps it for the commit.</summary>
    public void Add(JobEvent e)
    {
        State = transitions.Apply(State, e);
        string payload = JsonSerializer.Serialize(e, WireJson.Options);
        using JsonDocument read = JsonDocument.Parse(payload);
        _events.Add(new StoredEvent(State.Sequence, read.RootElement.GetProperty("type").GetString()!, payload));
        if (e is SegmentFinished finished)
        {
            EndedSegments.Add(finished.Outcome);
        }
    }

    /// <summary>Takes a completion: its events, and what of it is stored beside them.</summary>
    public CompletionReceipt Complete(LeasedCompletion told)
    {
        (IReadOnlyList<JobEvent> events, CompletionVerdict verdict, string? message) = JobMachine.Complete(State, transitions.Spec, told);
        foreach (JobEvent e in events)
        {
            Add(e);
        }

        // Of a result that was refused the log is kept: it says why the trainer did what it did.
        if (verdict == CompletionVerdict.Accepted || (verdict == CompletionVerdict.Invalid && events.Count > 0))
        {
            Keep(told, ended: verdict == CompletionVerdict.Accepted && events.Any(e => e is SegmentFinished));
        }

        return new CompletionReceipt(told.Completion.Token, verdict, message);
    }

    /// <summary>The transaction.</summary>
    public JobCommit ToCommit(StoredJob header, StoredSnapshot? snapshot) => new()
    {
        Job = header,
        ExpectedSequence = Before.Sequence,
        Events = _events,
        Segments = [.. Rows()],
        Series = [.. _series.Select(pair => new StoredSeries(pair.Key, pair.Value))],
        Logs = _logs,
        Checkpoints = _checkpoints,
        Snapshot = snapshot,
    };

    /// <summary>Segments that may be offered now and could not be when the batch began.</summary>
    public IEnumerable<SegmentRecord> NewlyPlanned() => ChangedSegments().Where(segment => segment.State == SegmentState.Planned);

    /// <summary>Segments that wait for a result no more, whether one came or it is not wanted.</summary>
    public IEnumerable<int> NewlyEnded() => ChangedSegments()
        .Where(segment => !segment.Open && Before.Open.Contains(segment.Number)).Select(segment => segment.Number);

    /// <summary>Segments that could be offered when the batch began, and must wait again: a checkpoint of theirs was lost.</summary>
    public IEnumerable<int> NewlyWaiting() => ChangedSegments()
        .Where(segment => segment.State == SegmentState.Waiting && Before.Open.Contains(segment.Number)
            && Before.Segments[segment.Number].State != SegmentState.Waiting)
        .Select(segment => segment.Number);

    private void Keep(LeasedCompletion told, bool ended)
    {
        Completion result = told.Completion;
        if (!string.IsNullOrEmpty(result.Log))
        {
            _logs.Add(new StoredLog(told.Segment, result.Log));
        }

        if (!ended)
        {
            return;
        }

        if (result.Series is not null)
        {
            _series[told.Segment] = result.Series;
        }

        _results[told.Segment] = JsonSerializer.Serialize(
            new SegmentResult(result.Validations ?? [], result.Metrics, result.Checkpoint, result.Seconds), WireJson.Options);
        if (result.Checkpoint is { } checkpoint)
        {
            _checkpoints.Add(new StoredCheckpoint(checkpoint.Sha256, checkpoint.Bytes));
        }
    }

    private IEnumerable<SegmentRecord> ChangedSegments() =>
        State.Changed.Where(State.Segments.ContainsKey).Select(number => State.Segments[number]);

    private IEnumerable<StoredSegment> Rows()
    {
        foreach (SegmentRecord segment in ChangedSegments())
        {
            // What is known of leases alone is not in a row, and a row that is written loses the result it had.
            if (Before.Segments.TryGetValue(segment.Number, out SegmentRecord? known) && known with { Past = segment.Past } == segment)
            {
                continue;
            }

            SegmentWork work = SegmentPlanner.Work(transitions.Job, transitions.Spec, State, segment);
            yield return new StoredSegment
            {
                Job = transitions.Job,
                Segment = segment.Number,
                Owner = State.Owner,
                Pool = transitions.Spec.Resources.Pool,
                Priority = transitions.Spec.Resources.Priority,
                Identity = segment.Identity,
                State = segment.State,
                View = JsonSerializer.Serialize(JobViews.Segment(transitions.Job, State, segment), WireJson.Options),
                Work = JsonSerializer.Serialize(work, WireJson.Options),
                Result = _results.GetValueOrDefault(segment.Number),
            };
        }
    }
}

/// <summary>What is kept of a segment's result beside its series.</summary>
public sealed record SegmentResult(
    IReadOnlyList<ValidationResult> Validations,
    IReadOnlyDictionary<string, double>? Metrics,
    BlobReference? Checkpoint,
    LeaseSeconds? Seconds);
