using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Grains.Storage;

/// <summary>
/// The job store: the truth about jobs. One transaction a batch; its first statement is the compare-and-set on the
/// job's sequence number, so that of two activations of one job the later writer loses. Nothing here decides.
/// </summary>
/// <remarks>
/// Every method may throw <see cref="StoreFullException"/> (no room: nothing was written, try again later) or
/// <see cref="StoreUnavailableException"/> (outcome unknown: read again before deciding anything).
/// </remarks>
public interface IJobStore
{
    /// <summary>Creates a job at sequence 1 with its first event; null when done, else the job that has the id already.</summary>
    Task<StoredJob?> CreateAsync(StoredJob job, StoredEvent first, CancellationToken ct = default);

    /// <summary>The job's header; null = no such job.</summary>
    Task<StoredJob?> FindAsync(string job, CancellationToken ct = default);

    /// <summary>Headers, newest first.</summary>
    Task<Page<StoredJob>> ListAsync(JobStatus? status, int limit, string? cursor, CancellationToken ct = default);

    /// <summary>Ids of all jobs that have not ended.</summary>
    Task<IReadOnlyList<string>> LiveAsync(CancellationToken ct = default);

    /// <summary>Writes a batch of one job, all or nothing.</summary>
    /// <exception cref="StaleJobException">Somebody else wrote the job since: nothing was written; read it again.</exception>
    Task CommitAsync(JobCommit commit, CancellationToken ct = default);

    /// <summary>Events after a sequence number, in order, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<StoredEvent>> EventsAsync(string job, long after, int limit, CancellationToken ct = default);

    /// <summary>The newest snapshot; null = none yet.</summary>
    Task<StoredSnapshot?> SnapshotAsync(string job, CancellationToken ct = default);

    /// <summary>Deletes a job with everything of it; its checkpoints are left to the collector.</summary>
    Task DeleteAsync(string job, CancellationToken ct = default);

    /// <summary>Segments with numbers above <paramref name="after"/>, by number.</summary>
    Task<IReadOnlyList<StoredSegment>> SegmentsAsync(string job, int after, int limit, CancellationToken ct = default);

    /// <summary>One segment; null = no such segment.</summary>
    Task<StoredSegment?> SegmentAsync(string job, int segment, CancellationToken ct = default);

    /// <summary>Segments of a pool in state planned, by priority (high first), then by job's creation, then by number.</summary>
    Task<IReadOnlyList<QueuedSegment>> QueueAsync(string pool, int limit, CancellationToken ct = default);

    /// <summary>The series of segments as CSV, by number; segments without one are left out.</summary>
    Task<IReadOnlyList<StoredSeries>> SeriesAsync(string job, IReadOnlyCollection<int> segments, CancellationToken ct = default);

    /// <summary>What a segment's trainer wrote besides protocol messages; null = nothing kept.</summary>
    Task<string?> LogAsync(string job, int segment, CancellationToken ct = default);

    /// <summary>Stores what a worker last registered as.</summary>
    Task SaveWorkerAsync(StoredWorker worker, CancellationToken ct = default);

    /// <summary>Forgets a worker.</summary>
    Task DeleteWorkerAsync(string pool, string worker, CancellationToken ct = default);

    /// <summary>All workers of a pool; null = of all pools.</summary>
    Task<IReadOnlyList<StoredWorker>> WorkersAsync(string? pool, CancellationToken ct = default);

    /// <summary>A random secret of 32 bytes by name, made on first use and the same ever after.</summary>
    Task<byte[]> SecretAsync(string name, CancellationToken ct = default);
}
