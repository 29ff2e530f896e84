using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Grains.Pools;

/// <summary>
/// What a pool remembers: workers, leases, and the queue. Plain data with the rules of granting; it knows time only as
/// the numbers it is given (seconds of a monotonic clock), and does nothing by itself.
/// </summary>
internal sealed class PoolState
{
    private readonly SortedSet<Waiting> _queue = new(WaitingOrder.Instance);
    private readonly Dictionary<(string Job, int Segment), Waiting> _bySegment = [];
    private readonly Dictionary<string, HashSet<int>> _byJob = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Job, int Segment), LeaseEntry> _leased = [];
    private readonly Dictionary<string, int> _held = new(StringComparer.Ordinal);
    private HashSet<(string Job, int Segment)>? _moved;
    private long _arrivals;

    /// <summary>Workers by name.</summary>
    public Dictionary<string, WorkerEntry> Workers { get; } = new(StringComparer.Ordinal);

    /// <summary>Leases by id.</summary>
    public Dictionary<string, LeaseEntry> Leases { get; } = new(StringComparer.Ordinal);

    /// <summary>Segments that wait for a worker.</summary>
    public int Planned => _queue.Count;

    /// <summary>Puts a segment into the queue, or renews what is known of it. One that is leased waits for the end of its lease.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="old">Whether it was planned before this pool was activated: somebody may hold it.</param>
    public void Enqueue(QueuedSegment segment, bool old)
    {
        (string, int) key = (segment.Job, segment.Segment);
        long arrival = _arrivals++;
        if (_bySegment.TryGetValue(key, out Waiting? known))
        {
            _queue.Remove(known);
            arrival = known.Arrival;
        }

        var waiting = new Waiting(segment, JsonSerializer.Deserialize<SegmentWork>(segment.Work, WireJson.Options)!, arrival, old);
        _bySegment[key] = waiting;
        if (!_byJob.TryGetValue(segment.Job, out HashSet<int>? segments))
        {
            segments = _byJob[segment.Job] = [];
        }

        segments.Add(segment.Segment);
        if (!_leased.ContainsKey(key))
        {
            _queue.Add(waiting);
        }
    }

    /// <summary>Whether a segment waits.</summary>
    public bool IsQueued(string job, int segment) => _bySegment.ContainsKey((job, segment));

    /// <summary>Takes segments of a job out of the queue; null = all.</summary>
    public void Dequeue(string job, IReadOnlyList<int>? segments)
    {
        foreach (int segment in segments ?? [.. _byJob.GetValueOrDefault(job) ?? []])
        {
            _moved?.Add((job, segment));
            if (_bySegment.Remove((job, segment), out Waiting? waiting))
            {
                _queue.Remove(waiting);
                _byJob[job].Remove(segment);
                if (_byJob[job].Count == 0)
                {
                    _byJob.Remove(job);
                }
            }
        }
    }

    /// <summary>The store is about to be read: what is dequeued or leased from now on, it may still name.</summary>
    /// <returns>The arrivals so far.</returns>
    public long BeginRefresh()
    {
        _moved = [];
        return _arrivals;
    }

    /// <summary>
    /// Takes over what the store named: what is missing here is queued; what is here alone, and was before the store
    /// was read, was not said to have ended, and goes.
    /// </summary>
    /// <param name="stored">The queue in the store.</param>
    /// <param name="complete">Whether that is all of it.</param>
    /// <param name="before">What <see cref="BeginRefresh"/> returned.</param>
    public void EndRefresh(IReadOnlyList<QueuedSegment> stored, bool complete, long before)
    {
        HashSet<(string, int)> moved = _moved ?? [];
        _moved = null;
        foreach (QueuedSegment segment in stored)
        {
            (string, int) key = (segment.Job, segment.Segment);
            if (!_bySegment.ContainsKey(key) && !_leased.ContainsKey(key) && !moved.Contains(key))
            {
                Enqueue(segment, old: false);
            }
        }

        if (complete)
        {
            var named = stored.Select(segment => (segment.Job, segment.Segment)).ToHashSet();
            foreach (((string job, int segment), Waiting waiting) in _bySegment.ToArray())
            {
                if (waiting.Arrival < before && !named.Contains((job, segment)))
                {
                    Dequeue(job, [segment]);
                }
            }
        }
    }

    /// <summary>The lease on a segment, if it is leased.</summary>
    public bool TryGetLease(string job, int segment, [NotNullWhen(true)] out LeaseEntry? lease) => _leased.TryGetValue((job, segment), out lease);

    /// <summary>The leases on segments of a job; null = on all of them.</summary>
    public IEnumerable<LeaseEntry> LeasesOf(string job, IReadOnlyList<int>? segments) => segments is null
        ? Leases.Values.Where(lease => lease.Claims.Job == job)
        : segments.Select(segment => _leased.GetValueOrDefault((job, segment))).OfType<LeaseEntry>();

    /// <summary>Enters a lease, replacing nothing: the segment must not be leased. It waits no longer.</summary>
    public void Add(LeaseEntry lease)
    {
        Leases.Add(lease.Claims.Lease, lease);
        _leased.Add((lease.Claims.Job, lease.Claims.Segment), lease);
        _held[lease.Claims.Worker] = _held.GetValueOrDefault(lease.Claims.Worker) + 1;
        Dequeue(lease.Claims.Job, [lease.Claims.Segment]);
    }

    /// <summary>A lease is over, whatever came of it.</summary>
    public bool Remove(string id, [NotNullWhen(true)] out LeaseEntry? lease)
    {
        if (!Leases.Remove(id, out lease))
        {
            return false;
        }

        (string, int) key = (lease.Claims.Job, lease.Claims.Segment);
        _moved?.Add(key);
        _leased.Remove(key);
        if (--_held[lease.Claims.Worker] == 0)
        {
            _held.Remove(lease.Claims.Worker);
        }

        if (_bySegment.TryGetValue(key, out Waiting? waiting))
        {
            _queue.Add(waiting);
        }

        return true;
    }

    /// <summary>Segments this worker should run now, best first, at most free + ahead.</summary>
    /// <param name="worker">The worker that asks.</param>
    /// <param name="free">Its free slots.</param>
    /// <param name="ahead">Leases beyond its slots it may hold.</param>
    /// <param name="now">Monotonic seconds.</param>
    /// <param name="oldToo">Whether segments planned before the activation may be offered.</param>
    /// <param name="alive">Seconds of silence up to which a worker counts.</param>
    public IReadOnlyList<SegmentWork> Take(WorkerEntry worker, int free, int ahead, double now, bool oldToo, double alive)
    {
        if (now < worker.RestUntil)
        {
            return [];
        }

        int idle = Workers.Values.Where(w => now - w.Heard < alive && now >= w.RestUntil)
            .Sum(w => Math.Max(0, w.Registration.Slots - _held.GetValueOrDefault(w.Name)));
        var taken = new List<SegmentWork>();
        IEnumerable<Waiting> offered = oldToo ? _queue : _queue.Where(waiting => !waiting.Old);
        int wait = oldToo ? _queue.Count : offered.Count();
        foreach (Waiting waiting in offered)
        {
            bool beyond = taken.Count >= free;
            if (taken.Count >= free + ahead || (beyond && wait <= Math.Max(0, idle - taken.Count)))
            {
                break;
            }

            if (WorkerMatch.Fits(worker.Registration, waiting.Work) && !BetterElsewhere(worker, waiting, now, alive))
            {
                taken.Add(waiting.Work);
                wait--;
            }
        }

        return taken;
    }

    private bool BetterElsewhere(WorkerEntry worker, Waiting waiting, double now, double alive) =>
        waiting.Segment.Avoid == worker.Name
        && Workers.Values.Any(other => other != worker && now - other.Heard < alive && now >= other.RestUntil && WorkerMatch.Fits(other.Registration, waiting.Work));

    private sealed record Waiting(QueuedSegment Segment, SegmentWork Work, long Arrival, bool Old);

    private sealed class WaitingOrder : IComparer<Waiting>
    {
        public static WaitingOrder Instance { get; } = new();

        public int Compare(Waiting? x, Waiting? y)
        {
            int byPriority = y!.Segment.Priority.CompareTo(x!.Segment.Priority);
            return byPriority != 0 ? byPriority : x.Arrival.CompareTo(y.Arrival);
        }
    }
}

/// <summary>A worker of the pool.</summary>
internal sealed class WorkerEntry(string name, WorkerRegistration registration)
{
    public string Name { get; } = name;

    private const int MostSuperseded = 8;
    private readonly Queue<string> _superseded = new();

    public WorkerRegistration Registration { get; private set; } = registration;

    /// <summary>Whether another run of an agent has taken the name from this one, so that this one has no right to it any more.</summary>
    public bool IsSuperseded(string instance) => _superseded.Contains(instance);

    /// <summary>A registration under the name: of the same run, or of one that takes it over.</summary>
    public void Replace(WorkerRegistration registration)
    {
        if (Registration.Instance != registration.Instance)
        {
            _superseded.Enqueue(Registration.Instance);
            if (_superseded.Count > MostSuperseded)
            {
                _superseded.Dequeue();
            }
        }

        Registration = registration;
    }

    /// <summary>Monotonic seconds at which it was last heard; −∞ when it is only known from the store.</summary>
    public double Heard { get; set; } = double.NegativeInfinity;

    /// <summary>Whether it has said, since this pool was activated, which leases it holds.</summary>
    public bool Told { get; set; }

    /// <summary>Until when it gets nothing, because its last failure was its own.</summary>
    public double RestUntil { get; set; } = double.NegativeInfinity;

    /// <summary>Polls so far: the newest alone is granted anything.</summary>
    public long Polls { get; set; }

    /// <summary>Its last lease request and the answer to it, for a repetition.</summary>
    public (string RequestId, LeaseReply Reply)? Answered { get; set; }
}

/// <summary>A lease that is held.</summary>
internal sealed class LeaseEntry(LeaseClaims claims, string token, string instance, double now)
{
    public LeaseClaims Claims { get; } = claims;

    public string Token { get; } = token;

    public string Instance { get; } = instance;

    public double Since { get; } = now;

    public double Heard { get; set; } = now;

    public long Steps { get; set; }

    /// <summary>Its worker has said that it is about to end.</summary>
    public bool Draining { get; set; }

    public StopReason? Stop { get; set; }
}
