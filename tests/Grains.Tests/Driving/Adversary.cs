using Orchestrator.Bo.Numerics;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Storage;
using Orchestrator.TestKit.Training;

namespace Orchestrator.Grains.Tests.Driving;

/// <summary>What may be done to a job.</summary>
[Flags]
internal enum Mischief
{
    /// <summary>Results come in any order, several in a batch.</summary>
    None = 0,

    /// <summary>Messages are sent twice.</summary>
    Repeat = 1,

    /// <summary>Leases are lost; some of their workers go on all the same.</summary>
    Lose = 2,

    /// <summary>Segments fail, by their own fault or their worker's, as often as is allowed.</summary>
    Fail = 4,

    /// <summary>Workers are drained, and the job is paused and resumed.</summary>
    Stop = 8,

    /// <summary>Checkpoints vanish.</summary>
    Damage = 16,

    /// <summary>The control plane dies and reads itself again.</summary>
    Crash = 32,

    All = Repeat | Lose | Fail | Stop | Damage | Crash,
}

/// <summary>
/// Runs a job to its end, choosing at random what happens next. All of it follows from a seed. It keeps to what a job
/// must bear: no segment fails or is lost three times.
/// </summary>
internal sealed class Adversary(DrivenJob job, int seed, Mischief mischief, int slots = 3)
{
    private const int MostTurns = 20_000;

    private readonly Random _random = RandomStreams.Generator(seed, "adversary", 0);
    private readonly Dictionary<string, byte[]> _blobs = [];
    private readonly List<Held> _held = [];
    private readonly List<Held> _zombies = [];
    private readonly List<LeasedCompletion> _sent = [];
    private readonly List<Action<JobBatch>> _waiting = [];
    private readonly HashSet<int> _answered = [];
    private readonly List<string> _snapshots = [];
    private int _leases;
    private int _tricks = mischief == Mischief.None ? 0 : 40;

    /// <summary>Steps that were really made, by whomever.</summary>
    public long Made { get; private set; }

    /// <summary>How often the segment of a number was run, wholly or not.</summary>
    public Dictionary<int, int> Runs { get; } = [];

    /// <summary>Tricks that were played.</summary>
    public int Played { get; private set; }

    /// <summary>What was done, for a failing test.</summary>
    public List<string> Story { get; } = [];

    public IReadOnlyList<string> Snapshots => _snapshots;

    /// <summary>Runs the job to its end.</summary>
    public void Run()
    {
        for (int turn = 0; !job.State.Ended; turn++)
        {
            Assert.True(turn < MostTurns, "The job hangs.");
            bool acted = (_tricks > 0 && _random.Next(3) == 0 && Trick()) || Work();
            if (!acted || _random.Next(3) > 0)
            {
                Flush();
            }
        }

        while (_zombies.Count > 0)
        {
            Finish(Take(_zombies), stopAfter: null);
            Flush();
        }
    }

    private bool Work()
    {
        SegmentRecord[] offered = [.. job.Planned.Where(segment => !_answered.Contains(segment.Number) && _held.TrueForAll(held => held.Segment != segment.Number))];
        if (offered.Length > 0 && _held.Count < slots && (_held.Count == 0 || _random.Next(2) == 0))
        {
            SegmentRecord segment = offered[_random.Next(offered.Length)];
            _held.Add(new Held($"lease-{_leases++}", segment.Number, job.Work(segment.Number)));
            return true;
        }

        if (_held.Count > 0)
        {
            Finish(Take(_held), stopAfter: null);
            return true;
        }

        if (job.State.Status == Contracts.Jobs.JobStatus.Paused)
        {
            Say("resume");
            _waiting.Add(batch => batch.Add(new JobResumed("somebody", 0)));
            return true;
        }

        return false;
    }

    private bool Trick()
    {
        Mischief[] kinds = [.. Enum.GetValues<Mischief>().Where(kind => kind is not (Mischief.None or Mischief.All) && mischief.HasFlag(kind))];
        bool played = kinds[_random.Next(kinds.Length)] switch
        {
            Mischief.Repeat => Repeat(),
            Mischief.Lose => Lose(),
            Mischief.Fail => Fail(),
            Mischief.Stop => Stop(),
            Mischief.Damage => Damage(),
            _ => Crash(),
        };
        _tricks -= played ? 1 : 0;
        Played += played ? 1 : 0;
        return played;
    }

    private bool Repeat()
    {
        if (_sent.Count == 0)
        {
            return false;
        }

        LeasedCompletion again = _sent[_random.Next(_sent.Count)];
        Say($"repeat {again.Lease}");
        _waiting.Add(batch => batch.Complete(again));
        return true;
    }

    private bool Lose()
    {
        Flush();
        if (_zombies.Count > 0 && _random.Next(2) == 0)
        {
            Finish(Take(_zombies), stopAfter: null);
            return true;
        }

        if (_held.Find(held => job.State.Segments.TryGetValue(held.Segment, out SegmentRecord? segment) && segment.Losses < JobMachine.GiveUpAfter - 1) is not { } lost)
        {
            return false;
        }

        _held.Remove(lost);
        long made = _random.NextInt64(Possible(lost) + 1);
        long reported = _random.NextInt64(made + 1);
        bool drained = _random.Next(4) == 0;
        Say($"lose {lost.Lease} of {lost.Segment} after {made} steps, {reported} reported, drained: {drained}");
        if (_random.Next(2) == 0)
        {
            _zombies.Add(lost with { Reported = reported });
        }
        else
        {
            Count(lost, made);
        }

        _waiting.Add(batch => AddAll(batch, JobMachine.Lose(batch.State, new LostLease(lost.Segment, lost.Lease, "w", reported, "Silence.", drained))));
        Flush();
        return true;
    }

    private bool Fail()
    {
        Flush();
        if (_held.Find(held => job.State.Segments.TryGetValue(held.Segment, out SegmentRecord? segment) && segment.Failures < JobMachine.GiveUpAfter - 1) is not { } failed)
        {
            return false;
        }

        _held.Remove(failed);
        long made = _random.NextInt64(Possible(failed) + 1);
        Count(failed, made);
        Say($"fail {failed.Lease} of {failed.Segment} after {made} steps");
        Send(failed, _random.Next(3) == 0 ? TrainedSegment.Failed(made, "spawn", workerFault: true) : TrainedSegment.Failed(made, "crashed"));
        Flush();
        return true;
    }

    private bool Stop()
    {
        if (_random.Next(3) == 0)
        {
            Flush();
            bool paused = job.State.Status == Contracts.Jobs.JobStatus.Paused;
            if (!paused && job.State.Status != Contracts.Jobs.JobStatus.Running)
            {
                return false;
            }

            Say(paused ? "resume" : "pause");
            _waiting.Add(batch => batch.Add(paused ? new JobResumed("somebody", 0) : new JobPaused("somebody", "For a test.", 0)));
            Flush();
            return true;
        }

        if (_held.Count == 0)
        {
            return false;
        }

        Held stopped = Take(_held);
        Finish(stopped, _random.NextInt64(stopped.Work.Steps + 1));
        return true;
    }

    private bool Damage()
    {
        string[] needed = [.. job.State.Open.Select(number => job.State.Segments[number].Parent).OfType<int>()
            .Select(parent => job.State.Segments[parent].Checkpoint?.Sha256).OfType<string>().Where(_blobs.ContainsKey).Distinct()];
        if (needed.Length == 0)
        {
            return false;
        }

        string gone = needed[_random.Next(needed.Length)];
        Say($"damage {gone[..8]}");
        return _blobs.Remove(gone);
    }

    private bool Crash()
    {
        Flush();
        Say("crash");
        job.Crash(_snapshots.Count > 0 && _random.Next(2) == 0 ? _snapshots[_random.Next(_snapshots.Count)] : null);
        return true;
    }

    /// <summary>A lease comes to its end on its worker, and the result is sent.</summary>
    private void Finish(Held held, long? stopAfter)
    {
        if (held.Work.Parent is { } parent && !_blobs.ContainsKey(parent.Sha256))
        {
            Say($"{held.Lease} of {held.Segment} finds no parent");
            Count(held, held.Reported);
            Send(held, TrainedSegment.Failed(0, "no_parent", workerFault: true));
            _waiting.Add(batch =>
            {
                if (batch.State.Segments.TryGetValue(held.Segment, out SegmentRecord? segment) && segment.Parent is { } number
                    && batch.State.Segments[number].Checkpoint is { } checkpoint && !_blobs.ContainsKey(checkpoint.Sha256))
                {
                    DrivenJob.LoseCheckpoint(batch, number);
                }
            });
            return;
        }

        TrainedSegment result = QuadraticTrainer.Run(held.Work, held.Work.Parent is { } from ? _blobs[from.Sha256] : null, stopAfter);
        Say($"{held.Lease} of {held.Segment} ({held.Work.Start}+{held.Work.Steps}) {result.Outcome} with {result.Steps}{(stopAfter is null ? "" : " stopped")}");
        Count(held, result.Steps);
        if (result.Blob is { } blob)
        {
            _blobs[blob.Sha256] = result.Checkpoint!;
        }

        Send(held, result);
    }

    /// <summary>The most steps a lease can make.</summary>
    private long Possible(Held held) => held.Work.Parent is not { } parent ? QuadraticTrainer.Run(held.Work, null).Steps
        : _blobs.TryGetValue(parent.Sha256, out byte[]? bytes) ? QuadraticTrainer.Run(held.Work, bytes).Steps : 0;

    private void Send(Held held, TrainedSegment result)
    {
        var told = new LeasedCompletion(held.Segment, held.Lease, "default", "w", result.ToCompletion(held.Lease));
        _sent.Add(told);
        _answered.Add(held.Segment);
        _waiting.Add(batch => batch.Complete(told));
    }

    private void Count(Held held, long steps)
    {
        Made += steps;
        Runs[held.Segment] = Runs.GetValueOrDefault(held.Segment) + 1;
    }

    private void Flush()
    {
        if (_waiting.Count == 0)
        {
            return;
        }

        Action<JobBatch>[] messages = [.. _waiting];
        _waiting.Clear();
        _answered.Clear();
        job.Batch(messages);
        if (_random.Next(5) == 0)
        {
            _snapshots.Add(job.Snapshot());
        }
    }

    private Held Take(List<Held> from)
    {
        int at = _random.Next(from.Count);
        Held held = from[at];
        from.RemoveAt(at);
        return held;
    }

    private void Say(string what) => Story.Add(what);

    private static void AddAll(JobBatch batch, IReadOnlyList<JobEvent> events)
    {
        foreach (JobEvent e in events)
        {
            batch.Add(e);
        }
    }

    private sealed record Held(string Lease, int Segment, SegmentWork Work, long Reported = 0);
}
