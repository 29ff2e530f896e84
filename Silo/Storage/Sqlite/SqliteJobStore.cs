using System.Security.Cryptography;
using Dapper;
using Microsoft.Data.Sqlite;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Silo.Storage.Sqlite;

/// <summary>
/// The job store on SQLite: write-ahead log, every commit synced, one writer with group commit, readers on connections
/// of their own that never wait for it. One process a folder.
/// </summary>
internal sealed class SqliteJobStore : IJobStore, IStoreProbe, IDisposable
{
    /// <summary>SQLite takes 32,766 parameters a statement; far fewer keep the statements in its cache useful.</summary>
    private const int ListParameters = 500;

    /// <summary>The driver reads synchronously: readers take threads of the pool, and not all of them.</summary>
    private const int MaxReaders = 16;

    private readonly SqliteStoreOptions _options;
    private readonly StoreLock _lock;
    private readonly GroupCommitWriter _writer;
    private readonly SemaphoreSlim _readers = new(MaxReaders);
    private readonly string _path;
    private readonly string _readOnly;
    private readonly SqliteOpenMode _mode = SqliteOpenMode.ReadWriteCreate;

    /// <summary>Opens the store, or makes a new one.</summary>
    /// <exception cref="StoreRefusedException">In use by another silo, of a newer version, or no store.</exception>
    public SqliteJobStore(SqliteStoreOptions options, IStoreMetrics? metrics, TimeProvider time)
    {
        _options = options;
        _path = Path.Combine(options.Folder, "jobs.db");
        _readOnly = new SqliteConnectionStringBuilder
        {
            DataSource = _path,
            Mode = SqliteOpenMode.ReadOnly,
            DefaultTimeout = 30,
        }.ToString();
        try
        {
            Directory.CreateDirectory(options.Folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreRefusedException($"The store folder {options.Folder} cannot be made: {e.Message}", e);
        }

        _lock = StoreLock.Take(options.Folder);
        try
        {
            _writer = new GroupCommitWriter(Connect, MustExist, options.BatchSize, metrics, time);
            _mode = SqliteOpenMode.ReadWrite;
        }
        catch (Exception e)
        {
            _lock.Dispose();
            if (e is SqliteException sqlite)
            {
                throw new StoreRefusedException($"The store {_path} cannot be opened: {sqlite.Message}", sqlite);
            }

            throw;
        }
    }

    public Task<StoredJob?> CreateAsync(StoredJob job, StoredEvent first, CancellationToken ct = default) =>
        _writer.WriteAsync(
            "a new job",
            connection =>
            {
                long? number = connection.ExecuteScalar<long?>(Statements.InsertJob, JobRow.Of(job));
                if (number is null)
                {
                    return connection.QuerySingle<JobRow>(Statements.FindJob, new { job = job.Id }).ToJob();
                }

                connection.Execute(Statements.InsertSpec, new { job = number, spec = job.Spec });
                InsertEvents(connection, number.Value, [first]);
                return null;
            },
            ct);

    public Task<StoredJob?> FindAsync(string job, CancellationToken ct = default) =>
        ReadAsync(c => c.QuerySingleOrDefault<JobRow>(Statements.FindJob, new { job })?.ToJob(), ct);

    public Task<Page<StoredJob>> ListAsync(JobStatus? status, int limit, string? cursor, CancellationToken ct = default)
    {
        long before = long.MaxValue;
        if (cursor is not null && (!long.TryParse(cursor, out before) || before < 1))
        {
            throw new ArgumentException($"\"{cursor}\" is no cursor of a list of jobs.", nameof(cursor));
        }

        return ReadAsync(
            connection =>
            {
                List<JobRow> rows = connection.Query<JobRow>(
                    status is null ? Statements.ListJobs : Statements.ListJobsByStatus,
                    new { before, limit = limit + 1, status = status is { } s ? StoredName.Of(s) : null }).AsList();
                string? next = rows.Count > limit ? rows[limit - 1].Number.ToString() : null;
                return new Page<StoredJob>([.. rows.Take(limit).Select(r => r.ToJob())], next);
            },
            ct);
    }

    public Task<IReadOnlyList<string>> LiveAsync(CancellationToken ct = default) =>
        ReadAsync<IReadOnlyList<string>>(c => c.Query<string>(Statements.LiveJobs).AsList(), ct);

    public Task CommitAsync(JobCommit commit, CancellationToken ct = default) =>
        _writer.WriteAsync(
            $"the events of job {commit.Job.Id}",
            connection =>
            {
                long number = connection.ExecuteScalar<long?>(Statements.AdvanceJob, JobRow.Of(commit.Job, commit.ExpectedSequence))
                    ?? throw new StaleJobException(commit.Job.Id, commit.ExpectedSequence);
                InsertEvents(connection, number, commit.Events);
                foreach (StoredSegment s in commit.Segments)
                {
                    connection.Execute(
                        Statements.PutSegment,
                        new
                        {
                            job = number,
                            segment = s.Segment,
                            owner = s.Owner,
                            pool = s.Pool,
                            priority = s.Priority,
                            identity = s.Identity,
                            state = StoredName.Of(s.State),
                            view = s.View,
                            work = s.Work,
                            result = s.Result,
                        });
                }

                foreach (StoredSeries s in commit.Series)
                {
                    connection.Execute(Statements.PutSeries, new { job = number, segment = s.Segment, csv = s.Csv });
                }

                foreach (StoredLog l in commit.Logs)
                {
                    connection.Execute(Statements.PutLog, new { job = number, segment = l.Segment, text = l.Text });
                }

                foreach (StoredCheckpoint c in commit.Checkpoints)
                {
                    connection.Execute(Statements.PutCheckpoint, new { sha256 = c.Sha256, bytes = c.Bytes });
                }

                if (commit.Snapshot is { } snapshot)
                {
                    connection.Execute(
                        Statements.PutSnapshot, new { job = number, sequence = snapshot.Sequence, state = snapshot.State });
                }

                return number;
            },
            ct);

    public Task<IReadOnlyList<StoredEvent>> EventsAsync(string job, long after, int limit, CancellationToken ct = default) =>
        ReadAsync<IReadOnlyList<StoredEvent>>(
            c => c.Query<StoredEvent>(Statements.Events, new { job, after, limit }).AsList(), ct);

    public Task<StoredSnapshot?> SnapshotAsync(string job, CancellationToken ct = default) =>
        ReadAsync(c => c.QuerySingleOrDefault<StoredSnapshot>(Statements.Snapshot, new { job }), ct);

    public Task DeleteAsync(string job, CancellationToken ct = default) =>
        _writer.WriteAsync(
            $"the deletion of job {job}",
            connection =>
            {
                long? number = connection.ExecuteScalar<long?>(Statements.JobNumber, new { job });
                foreach (string statement in (string[])
                    [
                        Statements.DeleteEvents, Statements.DeleteSegments, Statements.DeleteSeries, Statements.DeleteLogs,
                        Statements.DeleteSnapshot, Statements.DeleteSpec, Statements.DeleteJob,
                    ])
                {
                    connection.Execute(statement, new { job = number });
                }

                return number;
            },
            ct);

    public Task<IReadOnlyList<StoredSegment>> SegmentsAsync(string job, int after, int limit, CancellationToken ct = default) =>
        ReadAsync<IReadOnlyList<StoredSegment>>(
            c => [.. c.Query<SegmentRow>(Statements.Segments, new { job, after, limit }).Select(r => r.ToSegment())], ct);

    public Task<StoredSegment?> SegmentAsync(string job, int segment, CancellationToken ct = default) =>
        ReadAsync(c => c.QuerySingleOrDefault<SegmentRow>(Statements.Segment, new { job, segment })?.ToSegment(), ct);

    public Task<IReadOnlyList<QueuedSegment>> QueueAsync(string pool, int limit, CancellationToken ct = default) =>
        ReadAsync<IReadOnlyList<QueuedSegment>>(
            c =>
            [
                .. c.Query<(string Job, long Segment, long Priority, string Work)>(Statements.Queue, new { pool, limit })
                    .Select(r => new QueuedSegment(r.Job, (int)r.Segment, (int)r.Priority, r.Work)),
            ],
            ct);

    public Task<IReadOnlyList<StoredSeries>> SeriesAsync(
        string job, IReadOnlyCollection<int> segments, CancellationToken ct = default) =>
        ReadAsync<IReadOnlyList<StoredSeries>>(
            c =>
            [
                .. segments.Distinct().Order().Chunk(ListParameters)
                    .SelectMany(some => c.Query<(long Segment, string Csv)>(Statements.Series, new { job, segments = some }))
                    .Select(r => new StoredSeries((int)r.Segment, r.Csv)),
            ],
            ct);

    public Task<string?> LogAsync(string job, int segment, CancellationToken ct = default) =>
        ReadAsync(c => c.QuerySingleOrDefault<string>(Statements.Log, new { job, segment }), ct);

    public Task SaveWorkerAsync(StoredWorker worker, CancellationToken ct = default) =>
        _writer.WriteAsync("a worker's registration", c => c.Execute(Statements.PutWorker, worker), ct);

    public Task DeleteWorkerAsync(string pool, string worker, CancellationToken ct = default) =>
        _writer.WriteAsync("a worker's departure", c => c.Execute(Statements.DeleteWorker, new { pool, worker }), ct);

    public Task<IReadOnlyList<StoredWorker>> WorkersAsync(string? pool, CancellationToken ct = default) =>
        ReadAsync<IReadOnlyList<StoredWorker>>(
            c => c.Query<StoredWorker>(pool is null ? Statements.AllWorkers : Statements.WorkersOfPool, new { pool }).AsList(),
            ct);

    public Task<byte[]> SecretAsync(string name, CancellationToken ct = default) =>
        _writer.WriteAsync(
            "a secret",
            connection =>
            {
                byte[]? value = connection.ExecuteScalar<byte[]?>(Statements.FindSecret, new { name });
                if (value is null)
                {
                    value = RandomNumberGenerator.GetBytes(32);
                    connection.Execute(Statements.InsertSecret, new { name, value });
                }

                return value;
            },
            ct);

    /// <inheritdoc/>
    public async Task ProbeAsync(CancellationToken ct)
    {
        await FindAsync("", ct);
        await _writer.WriteAsync("a probe", c => c.Execute(Statements.Probe, new { name = "lease-tokens" }), ct);
    }

    /// <summary>Makes the waiting writes and closes the database.</summary>
    public void Dispose()
    {
        // Readers first: the last connection to close folds the log into the database, and only a writer can.
        using (var pooled = new SqliteConnection(_readOnly))
        {
            SqliteConnection.ClearPool(pooled);
        }

        _writer.Dispose();
        _readers.Dispose();
        _lock.Dispose();
    }

    private static void InsertEvents(SqliteConnection connection, long number, IEnumerable<StoredEvent> events)
    {
        foreach (StoredEvent e in events)
        {
            connection.Execute(
                Statements.InsertEvent, new { job = number, sequence = e.Sequence, type = e.Type, payload = e.Payload });
        }
    }

    /// <summary>
    /// Open files outlive their names: without this, what is written after somebody removed the store would seem safe
    /// until the process ends.
    /// </summary>
    private void MustExist()
    {
        if (!File.Exists(_path))
        {
            throw new FileNotFoundException($"{_path} is gone. Put it back, or start with another --store.");
        }
    }

    /// <summary>Makes the database only the first time: one that is gone later is a fault, not an empty store.</summary>
    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = _path,
            Mode = _mode,
            Pooling = false,
        }.ToString());
        try
        {
            connection.Open();
            SqliteSchema.Open(connection, _path);
            connection.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;");
            if (_options.MaxPages is { } pages)
            {
                connection.Execute($"PRAGMA max_page_count = {pages}");
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private async Task<T> ReadAsync<T>(Func<SqliteConnection, T> read, CancellationToken ct)
    {
        await _readers.WaitAsync(ct);
        try
        {
            return await Task.Run(
                () =>
                {
                    MustExist();
                    using var connection = new SqliteConnection(_readOnly);
                    connection.Open();
                    return read(connection);
                },
                ct);
        }
        catch (Exception e) when (e is SqliteException or IOException)
        {
            throw new StoreUnavailableException("reading", e);
        }
        finally
        {
            _readers.Release();
        }
    }
}
