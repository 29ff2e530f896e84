using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Optimization;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Grains.Tests.Driving;

/// <summary>
/// A job played in memory: the pump of the job's grain without its grain, and a store that is three dictionaries.
/// Whoever drives it says what happens and when.
/// </summary>
internal sealed class DrivenJob
{
    public const string Id = "j1";

    private readonly Dictionary<int, string> _series = [];
    private readonly Dictionary<int, StoredSegment> _rows = [];
    private readonly Func<ISearch> _search;

    public DrivenJob(JsonObject file, JobPlacement? placement = null, ISearch? search = null)
    {
        Spec = JobFiles.Read(file);
        _search = () => search ?? SearchFactory.Create(Spec);
        Transitions = new JobTransitions(Id, Spec, _search());
        State = Transitions.Initial;
        JsonElement root = JsonSerializer.SerializeToElement(file);
        Batch([
            batch => batch.Add(new JobSubmitted("local", root)),
            batch => batch.Add(new JobPlaced(placement ?? JobFiles.Placement)),
        ]);
    }

    public JobSpec Spec { get; }

    public JobTransitions Transitions { get; private set; }

    public JobState State { get; private set; }

    public List<StoredEvent> Events { get; } = [];

    /// <summary>Sizes of the commits so far: rows, and their characters.</summary>
    public List<(int Rows, int Characters)> Commits { get; } = [];

    /// <summary>Times the search was asked.</summary>
    public int Decisions { get; private set; }

    public IReadOnlyDictionary<int, StoredSegment> Rows => _rows;

    /// <summary>Logs by segment.</summary>
    public Dictionary<int, string> Logs { get; } = [];

    /// <summary>Segments that may be offered.</summary>
    public IEnumerable<SegmentRecord> Planned => State.Open.Select(number => State.Segments[number]).Where(s => s.State == SegmentState.Planned);

    /// <summary>What a worker would be told: as it is stored, and not as it is now.</summary>
    public SegmentWork Work(int segment) => JsonSerializer.Deserialize<SegmentWork>(_rows[segment].Work, WireJson.Options)!;

    public CompletionReceipt Complete(LeasedCompletion told)
    {
        CompletionReceipt? receipt = null;
        Batch([batch => receipt = batch.Complete(told)]);
        return receipt!;
    }

    public void Lose(LostLease lost) => Batch([batch => AddAll(batch, JobMachine.Lose(batch.State, lost))]);

    public void Pause() => Batch([batch => batch.Add(new JobPaused("somebody", "For a test.", 0))]);

    public void Resume() => Batch([batch => batch.Add(new JobResumed("somebody", 0))]);

    /// <summary>The stored bytes of a segment's checkpoint are found to be gone.</summary>
    public void LoseCheckpoint(int segment) => Batch([batch => LoseCheckpoint(batch, segment)]);

    /// <summary>As the grain does when a worker says no_parent and the store agrees.</summary>
    public static void LoseCheckpoint(JobBatch batch, int segment)
    {
        if (!batch.State.Ended && batch.State.Segments[segment] is { State: SegmentState.Succeeded, Checkpoint: { } checkpoint })
        {
            batch.Add(new CheckpointLost(segment, checkpoint.Sha256, "The stored bytes are gone."));
        }
    }

    /// <summary>One batch: messages, observations, decisions, one commit.</summary>
    public void Batch(IReadOnlyList<Action<JobBatch>> messages, double wall = 0)
    {
        var batch = new JobBatch(Transitions, State);
        foreach (Action<JobBatch> message in messages)
        {
            message(batch);
        }

        bool mustDecide = Events.Count == 0;
        while (!batch.State.Ended && !batch.State.SearchOver)
        {
            if (mustDecide)
            {
                mustDecide = false;
                AddAll(batch, JobCourse.Decided(batch.State, Spec, Decide(batch.State.Search!), wall));
                continue;
            }

            if (JobCourse.Due(batch.State) is not { } stretch)
            {
                break;
            }

            StretchResult result = StretchResults.Of(
                Spec.Objective,
                stretch,
                piece => batch.Series(piece) ?? _series.GetValueOrDefault(piece),
                piece => batch.Result(piece) ?? _rows[piece].Result);
            batch.Add(new StretchObserved(Transitions.Search.Digest(batch.State.Search!, result)));
            mustDecide = true;
        }

        AddAll(batch, JobCourse.Close(batch.State, Spec, wall));
        if (batch.Events.Count > 0)
        {
            Commit(batch);
        }
    }

    /// <summary>The process ends, and another takes the job up from what is stored.</summary>
    /// <param name="snapshot">A snapshot to begin with; null = from the first event.</param>
    public void Crash(string? snapshot = null)
    {
        JobState replayed = Replay(snapshot);
        string live = JobSnapshot.Save(State, Transitions.Search);
        Assert.Equal(live, JobSnapshot.Save(replayed, Transitions.Search));
        Assert.Equal(State.Open, replayed.Open);
        State = replayed;
    }

    /// <summary>The state that the stored events give.</summary>
    public JobState Replay(string? snapshot = null)
    {
        var transitions = new JobTransitions(Id, Spec, new ReplayOnly(_search()));
        JobState state = snapshot is null ? transitions.Initial : JobSnapshot.Load(snapshot, transitions.Search);
        return Events.Skip((int)state.Sequence).Aggregate(
            state, (now, e) => transitions.Apply(now, JsonSerializer.Deserialize<JobEvent>(e.Payload, WireJson.Options)!));
    }

    public string Snapshot() => JobSnapshot.Save(State, Transitions.Search);

    public JobResult Result() => JobViews.Result(Id, Spec, State);

    /// <summary>Steps, rates and losses of the path, as its series tell them, up to the model's step.</summary>
    public IEnumerable<SeriesPoint> Path() => State.Stretches.Values.Where(stretch => stretch.OnPath)
        .SelectMany(stretch => stretch.Pieces).Where(_series.ContainsKey)
        .SelectMany(piece => SeriesCsv.Parse(System.Text.Encoding.UTF8.GetBytes(_series[piece])))
        .Where(point => point.Step < (State.FinalStep ?? long.MaxValue)).OrderBy(point => point.Step);

    private static void AddAll(JobBatch batch, IReadOnlyList<JobEvent> events)
    {
        foreach (JobEvent e in events)
        {
            batch.Add(e);
        }
    }

    /// <summary>As the grain does: what takes long is decided elsewhere, on the saved state.</summary>
    private IReadOnlyList<SearchDecision> Decide(SearchState state)
    {
        Decisions++;
        ISearch search = Transitions.Search;
        return search.IsCostly(state) ? _search().Decide(search.Load(search.Save(state))) : search.Decide(state);
    }

    private void Commit(JobBatch batch)
    {
        var header = new StoredJob
        {
            Id = Id,
            Owner = "local",
            Name = Spec.Name,
            Spec = "{}",
            Status = batch.State.Status,
            Pool = "default",
            Sequence = batch.State.Sequence,
            Created = DateTimeOffset.UnixEpoch,
            View = JsonSerializer.Serialize(JobViews.Job(Id, Spec, batch.State, 0), WireJson.Options),
        };
        JobCommit commit = batch.ToCommit(header, snapshot: null);
        Assert.Equal(State.Sequence, commit.ExpectedSequence);
        Assert.Equal(Enumerable.Range(1, commit.Events.Count).Select(i => State.Sequence + i), commit.Events.Select(e => e.Sequence));
        Events.AddRange(commit.Events);
        foreach (StoredSegment row in commit.Segments)
        {
            _rows[row.Segment] = row;
        }

        foreach (StoredSeries series in commit.Series)
        {
            _series[series.Segment] = series.Csv;
        }

        foreach (StoredLog log in commit.Logs)
        {
            Logs[log.Segment] = log.Text;
        }

        State = batch.State;
        Commits.Add((
            1 + commit.Segments.Count + commit.Series.Count + commit.Events.Count,
            header.View.Length + commit.Segments.Sum(row => row.View.Length + row.Work.Length) + commit.Events.Sum(e => e.Payload.Length)));
        foreach (SegmentRecord segment in State.Changed.Where(State.Segments.ContainsKey).Select(number => State.Segments[number]))
        {
            Assert.Equal(segment.State, _rows[segment.Number].State);
        }
    }
}
