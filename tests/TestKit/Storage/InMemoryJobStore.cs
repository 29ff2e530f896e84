using System.Security.Cryptography;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Storage;

namespace Orchestrator.TestKit.Storage;

/// <summary>A job store that forgets everything with its process: for tests of what uses one. It keeps the contract.</summary>
public sealed class InMemoryJobStore : IJobStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Job> _jobs = new(StringComparer.Ordinal);
    private readonly SortedDictionary<(string Pool, string Worker), StoredWorker> _workers = [];
    private readonly Dictionary<string, byte[]> _secrets = new(StringComparer.Ordinal);
    private long _created;

    public Task<StoredJob?> CreateAsync(StoredJob job, StoredEvent first, CancellationToken ct = default) => Locked(() =>
    {
        if (_jobs.TryGetValue(job.Id, out Job? known))
        {
            return known.Header with { };
        }

        _jobs[job.Id] = new Job(++_created, job, [first]);
        return null;
    });

    public Task<StoredJob?> FindAsync(string job, CancellationToken ct = default) =>
        Locked(() => _jobs.TryGetValue(job, out Job? known) ? known.Header with { } : null);

    public Task<Page<StoredJob>> ListAsync(JobStatus? status, int limit, string? cursor, CancellationToken ct = default)
    {
        long before = long.MaxValue;
        if (cursor is not null && !long.TryParse(cursor, out before))
        {
            throw new ArgumentException($"\"{cursor}\" is no cursor of a list of jobs.", nameof(cursor));
        }

        return Locked(() =>
        {
            Job[] found = [.. _jobs.Values.Where(j => j.Number < before && (status is null || j.Header.Status == status)).OrderByDescending(j => j.Number).Take(limit + 1)];
            return new Page<StoredJob>([.. found.Take(limit).Select(j => j.Header with { })], found.Length > limit ? found[limit - 1].Number.ToString() : null);
        });
    }

    public Task<IReadOnlyList<string>> LiveAsync(CancellationToken ct = default) => Locked<IReadOnlyList<string>>(() =>
        [.. _jobs.Values.Where(j => j.Header.Status is not (JobStatus.Succeeded or JobStatus.Failed or JobStatus.Cancelled)).Select(j => j.Header.Id)]);

    public Task CommitAsync(JobCommit commit, CancellationToken ct = default) => Locked<object?>(() =>
    {
        if (!_jobs.TryGetValue(commit.Job.Id, out Job? job) || job.Header.Sequence != commit.ExpectedSequence)
        {
            throw new StaleJobException(commit.Job.Id, commit.ExpectedSequence);
        }

        // The file lies beside the header, and a commit does not rewrite it.
        job.Header = commit.Job with { Spec = job.Header.Spec };
        job.Events.AddRange(commit.Events);
        foreach (StoredSegment segment in commit.Segments)
        {
            job.Segments[segment.Segment] = segment;
        }

        foreach (StoredSeries series in commit.Series)
        {
            job.Series[series.Segment] = series;
        }

        foreach (StoredLog log in commit.Logs)
        {
            job.Logs[log.Segment] = log.Text;
        }

        job.Snapshot = commit.Snapshot ?? job.Snapshot;
        return null;
    });

    public Task<IReadOnlyList<StoredEvent>> EventsAsync(string job, long after, int limit, CancellationToken ct = default) =>
        Locked<IReadOnlyList<StoredEvent>>(() => [.. Of(job)?.Events.Where(e => e.Sequence > after).Take(limit) ?? []]);

    public Task<StoredSnapshot?> SnapshotAsync(string job, CancellationToken ct = default) => Locked(() => Of(job)?.Snapshot);

    public Task DeleteAsync(string job, CancellationToken ct = default) => Locked(() => _jobs.Remove(job));

    public Task<IReadOnlyList<StoredSegment>> SegmentsAsync(string job, int after, int limit, CancellationToken ct = default) =>
        Locked<IReadOnlyList<StoredSegment>>(() => [.. Of(job)?.Segments.Values.Where(s => s.Segment > after).Take(limit) ?? []]);

    public Task<StoredSegment?> SegmentAsync(string job, int segment, CancellationToken ct = default) =>
        Locked(() => Of(job)?.Segments.GetValueOrDefault(segment));

    public Task<IReadOnlyList<QueuedSegment>> QueueAsync(string pool, int limit, CancellationToken ct = default) => Locked<IReadOnlyList<QueuedSegment>>(() =>
    [
        .. _jobs.Values.SelectMany(job => job.Segments.Values.Select(segment => (job.Number, Segment: segment)))
            .Where(s => s.Segment.Pool == pool && s.Segment.State == SegmentState.Planned)
            .OrderByDescending(s => s.Segment.Priority).ThenBy(s => s.Number).ThenBy(s => s.Segment.Segment).Take(limit)
            .Select(s => new QueuedSegment(s.Segment.Job, s.Segment.Segment, s.Segment.Priority, s.Segment.Work)),
    ]);

    public Task<IReadOnlyList<StoredSeries>> SeriesAsync(string job, IReadOnlyCollection<int> segments, CancellationToken ct = default) =>
        Locked<IReadOnlyList<StoredSeries>>(() => [.. Of(job)?.Series.Values.Where(series => segments.Contains(series.Segment)) ?? []]);

    public Task<string?> LogAsync(string job, int segment, CancellationToken ct = default) => Locked(() => Of(job)?.Logs.GetValueOrDefault(segment));

    public Task SaveWorkerAsync(StoredWorker worker, CancellationToken ct = default) => Locked(() => _workers[(worker.Pool, worker.Worker)] = worker);

    public Task DeleteWorkerAsync(string pool, string worker, CancellationToken ct = default) => Locked(() => _workers.Remove((pool, worker)));

    public Task<IReadOnlyList<StoredWorker>> WorkersAsync(string? pool, CancellationToken ct = default) =>
        Locked<IReadOnlyList<StoredWorker>>(() => [.. _workers.Values.Where(worker => pool is null || worker.Pool == pool)]);

    public Task<byte[]> SecretAsync(string name, CancellationToken ct = default) => Locked<byte[]>(() =>
    {
        if (!_secrets.TryGetValue(name, out byte[]? secret))
        {
            secret = _secrets[name] = RandomNumberGenerator.GetBytes(32);
        }

        return [.. secret];
    });

    private Job? Of(string job) => _jobs.GetValueOrDefault(job);

    /// <summary>Not on the caller's turn, as no real store answers on it.</summary>
    private Task<T> Locked<T>(Func<T> act) => Task.Run(() =>
    {
        lock (_gate)
        {
            return act();
        }
    });

    private sealed class Job(long number, StoredJob header, List<StoredEvent> events)
    {
        public long Number { get; } = number;

        public StoredJob Header { get; set; } = header;

        public List<StoredEvent> Events { get; } = events;

        public SortedDictionary<int, StoredSegment> Segments { get; } = [];

        public SortedDictionary<int, StoredSeries> Series { get; } = [];

        public Dictionary<int, string> Logs { get; } = [];

        public StoredSnapshot? Snapshot { get; set; }
    }
}
