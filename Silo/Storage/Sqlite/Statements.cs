namespace Orchestrator.Silo.Storage.Sqlite;

/// <summary>
/// Every statement of the store in one place. Each finds its rows through an index, so that a commit and a page cost
/// the same in a store of 100 events and one of 100,000; a test asks SQLite's planner.
/// </summary>
internal static class Statements
{
    public const string InsertJob =
        """
        INSERT INTO jobs(id, owner, name, status, pool, sequence, created, view, result)
        VALUES(@Id, @Owner, @Name, @Status, @Pool, @Sequence, @Created, @View, @Result)
        ON CONFLICT(id) DO NOTHING RETURNING number
        """;

    public const string InsertSpec = "INSERT INTO specs(job, spec) VALUES(@job, @spec)";

    /// <summary>The compare-and-set: no row back = another activation wrote the job.</summary>
    public const string AdvanceJob =
        """
        UPDATE jobs SET name = @Name, status = @Status, pool = @Pool, sequence = @Sequence, view = @View, result = @Result
        WHERE id = @Id AND sequence = @Expected RETURNING number
        """;

    public const string FindJob = JobColumns + " WHERE j.id = @job";

    public const string ListJobs = JobColumns + " WHERE j.number < @before ORDER BY j.number DESC LIMIT @limit";

    public const string ListJobsByStatus =
        JobColumns + " WHERE j.status = @status AND j.number < @before ORDER BY j.number DESC LIMIT @limit";

    public const string LiveJobs = "SELECT id FROM jobs WHERE status IN ('unschedulable', 'running', 'paused')";

    public const string JobNumber = "SELECT number FROM jobs WHERE id = @job";

    public const string InsertEvent =
        "INSERT INTO events(job, sequence, type, payload) VALUES(@job, @sequence, @type, @payload)";

    public const string Events =
        $"""
        SELECT sequence, type, payload FROM events
        WHERE job = ({JobNumber}) AND sequence > @after ORDER BY sequence LIMIT @limit
        """;

    public const string PutSnapshot =
        """
        INSERT INTO snapshots(job, sequence, state) VALUES(@job, @sequence, @state)
        ON CONFLICT(job) DO UPDATE SET sequence = excluded.sequence, state = excluded.state
        """;

    public const string Snapshot = $"SELECT sequence, state FROM snapshots WHERE job = ({JobNumber})";

    public const string PutSegment =
        """
        INSERT INTO segments(job, segment, owner, pool, priority, identity, state, view, work, result)
        VALUES(@job, @segment, @owner, @pool, @priority, @identity, @state, @view, @work, @result)
        ON CONFLICT(job, segment) DO UPDATE SET owner = excluded.owner, pool = excluded.pool,
            priority = excluded.priority, identity = excluded.identity, state = excluded.state, view = excluded.view,
            work = excluded.work, result = excluded.result
        """;

    public const string Segments =
        $"{SegmentColumns} WHERE job = ({JobNumber}) AND segment > @after ORDER BY segment LIMIT @limit";

    public const string Segment = $"{SegmentColumns} WHERE job = ({JobNumber}) AND segment = @segment";

    /// <summary>INDEXED BY: without its index the queue would be a scan, so better no answer than that one.</summary>
    public const string Queue =
        """
        SELECT (SELECT id FROM jobs WHERE number = s.job) AS Job, s.segment AS Segment, s.priority AS Priority, s.work AS Work
        FROM segments s INDEXED BY queue
        WHERE s.pool = @pool AND s.state = 'planned' ORDER BY s.priority DESC, s.job, s.segment LIMIT @limit
        """;

    public const string PutSeries = "INSERT OR REPLACE INTO series(job, segment, csv) VALUES(@job, @segment, @csv)";

    public const string Series =
        $"SELECT segment, csv FROM series WHERE job = ({JobNumber}) AND segment IN @segments ORDER BY segment";

    public const string PutLog = "INSERT OR REPLACE INTO logs(job, segment, text) VALUES(@job, @segment, @text)";

    public const string Log = $"SELECT text FROM logs WHERE job = ({JobNumber}) AND segment = @segment";

    public const string PutCheckpoint =
        "INSERT INTO checkpoints(sha256, bytes) VALUES(@sha256, @bytes) ON CONFLICT DO NOTHING";

    public const string PutWorker =
        """
        INSERT INTO workers(pool, worker, registration) VALUES(@Pool, @Worker, @Registration)
        ON CONFLICT(pool, worker) DO UPDATE SET registration = excluded.registration
        """;

    public const string DeleteWorker = "DELETE FROM workers WHERE pool = @pool AND worker = @worker";

    public const string WorkersOfPool =
        "SELECT pool, worker, registration FROM workers WHERE pool = @pool ORDER BY worker";

    /// <summary>Reads the whole table, which has a row a worker that was ever seen.</summary>
    public const string AllWorkers = "SELECT pool, worker, registration FROM workers ORDER BY pool, worker";

    public const string FindSecret = "SELECT value FROM secrets WHERE name = @name";

    /// <summary>Changes nothing, and is written all the same.</summary>
    public const string Probe = "UPDATE secrets SET value = value WHERE name = @name";

    public const string InsertSecret = "INSERT INTO secrets(name, value) VALUES(@name, @value)";

    public const string DeleteEvents = "DELETE FROM events WHERE job = @job";

    public const string DeleteSegments = "DELETE FROM segments WHERE job = @job";

    public const string DeleteSeries = "DELETE FROM series WHERE job = @job";

    public const string DeleteLogs = "DELETE FROM logs WHERE job = @job";

    public const string DeleteSnapshot = "DELETE FROM snapshots WHERE job = @job";

    public const string DeleteSpec = "DELETE FROM specs WHERE job = @job";

    public const string DeleteJob = "DELETE FROM jobs WHERE number = @job";

    private const string JobColumns =
        """
        SELECT j.number AS Number, j.id AS Id, j.owner AS Owner, j.name AS Name, s.spec AS Spec, j.status AS Status,
            j.pool AS Pool, j.sequence AS Sequence, j.created AS Created, j.view AS View, j.result AS Result
        FROM jobs j JOIN specs s ON s.job = j.number
        """;

    private const string SegmentColumns =
        """
        SELECT @job AS Job, segment AS Segment, owner AS Owner, pool AS Pool, priority AS Priority, identity AS Identity,
            state AS State, view AS View, work AS Work, result AS Result
        FROM segments
        """;
}
