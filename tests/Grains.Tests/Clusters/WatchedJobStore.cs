using System.Collections.Concurrent;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Grains.Tests.Clusters;

/// <summary>A job store that counts commits, and fails or waits where a test says so.</summary>
internal sealed class WatchedJobStore(IJobStore inner) : IJobStore
{
    private readonly ConcurrentQueue<JobCommit> _commits = new();
    private int _activations;

    /// <summary>Commits that were made, in order.</summary>
    public IReadOnlyList<JobCommit> Commits => [.. _commits];

    /// <summary>How often a job was read from its header on.</summary>
    public int Activations => _activations;

    /// <summary>Called before a commit: may wait, or throw, and then nothing is written.</summary>
    public Func<JobCommit, Task>? BeforeCommit { get; set; }

    /// <summary>Called after a commit was written: may throw, and then nobody knows that it was.</summary>
    public Func<JobCommit, Task>? AfterCommit { get; set; }

    /// <summary>Called before the queue is read.</summary>
    public Func<Task>? BeforeQueue { get; set; }

    /// <summary>Called after the queue was read, before the answer is given.</summary>
    public Func<Task>? AfterQueue { get; set; }

    public async Task CommitAsync(JobCommit commit, CancellationToken ct = default)
    {
        await (BeforeCommit?.Invoke(commit) ?? Task.CompletedTask);
        await inner.CommitAsync(commit, ct);
        _commits.Enqueue(commit);
        await (AfterCommit?.Invoke(commit) ?? Task.CompletedTask);
    }

    public Task<StoredJob?> FindAsync(string job, CancellationToken ct = default)
    {
        Interlocked.Increment(ref _activations);
        return inner.FindAsync(job, ct);
    }

    public async Task<IReadOnlyList<QueuedSegment>> QueueAsync(string pool, int limit, CancellationToken ct = default)
    {
        await (BeforeQueue?.Invoke() ?? Task.CompletedTask);
        IReadOnlyList<QueuedSegment> queue = await inner.QueueAsync(pool, limit, ct);
        await (AfterQueue?.Invoke() ?? Task.CompletedTask);
        return queue;
    }

    public Task<StoredJob?> CreateAsync(StoredJob job, StoredEvent first, CancellationToken ct = default) => inner.CreateAsync(job, first, ct);

    public Task<Page<StoredJob>> ListAsync(JobStatus? status, int limit, string? cursor, CancellationToken ct = default) => inner.ListAsync(status, limit, cursor, ct);

    public Task<IReadOnlyList<string>> LiveAsync(CancellationToken ct = default) => inner.LiveAsync(ct);

    public Task<IReadOnlyList<StoredEvent>> EventsAsync(string job, long after, int limit, CancellationToken ct = default) => inner.EventsAsync(job, after, limit, ct);

    public Task<StoredSnapshot?> SnapshotAsync(string job, CancellationToken ct = default) => inner.SnapshotAsync(job, ct);

    public Task DeleteAsync(string job, CancellationToken ct = default) => inner.DeleteAsync(job, ct);

    public Task<IReadOnlyList<StoredSegment>> SegmentsAsync(string job, int after, int limit, CancellationToken ct = default) => inner.SegmentsAsync(job, after, limit, ct);

    public Task<StoredSegment?> SegmentAsync(string job, int segment, CancellationToken ct = default) => inner.SegmentAsync(job, segment, ct);

    public Task<IReadOnlyList<StoredSeries>> SeriesAsync(string job, IReadOnlyCollection<int> segments, CancellationToken ct = default) => inner.SeriesAsync(job, segments, ct);

    public Task<string?> LogAsync(string job, int segment, CancellationToken ct = default) => inner.LogAsync(job, segment, ct);

    public Task SaveWorkerAsync(StoredWorker worker, CancellationToken ct = default) => inner.SaveWorkerAsync(worker, ct);

    public Task DeleteWorkerAsync(string pool, string worker, CancellationToken ct = default) => inner.DeleteWorkerAsync(pool, worker, ct);

    public Task<IReadOnlyList<StoredWorker>> WorkersAsync(string? pool, CancellationToken ct = default) => inner.WorkersAsync(pool, ct);

    public Task<byte[]> SecretAsync(string name, CancellationToken ct = default) => inner.SecretAsync(name, ct);
}
