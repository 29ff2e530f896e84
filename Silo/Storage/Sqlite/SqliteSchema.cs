using Dapper;
using Microsoft.Data.Sqlite;

namespace Orchestrator.Silo.Storage.Sqlite;

/// <summary>
/// The tables, and their version. A store of an older version is brought up to date when it is opened; one of a newer
/// version is refused, because what it means cannot be known.
/// </summary>
internal static class SqliteSchema
{
    /// <summary>Version this build reads and writes, in <c>PRAGMA user_version</c>.</summary>
    public const int Version = 1;

    /// <summary>"ORCH", so that a SQLite file of another program is not taken for a store.</summary>
    private const int ApplicationId = 0x4F524348;

    /// <summary>
    /// Jobs are numbered in the order of their creation, and everything else refers to the number: keys stay short, and
    /// the queue's "oldest job first" is the order of its index. What a job was submitted as lies beside its header,
    /// because the header is rewritten with each commit and that must cost the same whatever was submitted.
    /// </summary>
    private const string Create =
        """
        CREATE TABLE jobs(
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            owner TEXT NOT NULL,
            name TEXT NOT NULL,
            status TEXT NOT NULL,
            pool TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            created INTEGER NOT NULL,
            view TEXT NOT NULL,
            result TEXT) STRICT;
        CREATE INDEX jobs_by_status ON jobs(status, number);
        CREATE TABLE specs(job INTEGER PRIMARY KEY, spec TEXT NOT NULL) STRICT;
        CREATE TABLE events(
            job INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            type TEXT NOT NULL,
            payload TEXT NOT NULL,
            PRIMARY KEY(job, sequence)) STRICT, WITHOUT ROWID;
        CREATE TABLE snapshots(job INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, state TEXT NOT NULL) STRICT;
        CREATE TABLE segments(
            job INTEGER NOT NULL,
            segment INTEGER NOT NULL,
            owner TEXT NOT NULL,
            pool TEXT NOT NULL,
            priority INTEGER NOT NULL,
            identity TEXT NOT NULL,
            state TEXT NOT NULL,
            view TEXT NOT NULL,
            work TEXT NOT NULL,
            result TEXT,
            PRIMARY KEY(job, segment)) STRICT;
        CREATE INDEX queue ON segments(pool, priority DESC, job, segment) WHERE state = 'planned';
        CREATE TABLE series(
            job INTEGER NOT NULL, segment INTEGER NOT NULL, csv TEXT NOT NULL, PRIMARY KEY(job, segment)) STRICT;
        CREATE TABLE logs(
            job INTEGER NOT NULL, segment INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY(job, segment)) STRICT;
        CREATE TABLE checkpoints(sha256 TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE workers(
            pool TEXT NOT NULL, worker TEXT NOT NULL, registration TEXT NOT NULL, PRIMARY KEY(pool, worker)) STRICT;
        CREATE TABLE secrets(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
        """;

    /// <summary>Makes an empty database a store, and checks one that is not empty.</summary>
    /// <exception cref="StoreRefusedException">A newer version, or no store at all.</exception>
    public static void Open(SqliteConnection connection, string path)
    {
        int found = connection.ExecuteScalar<int>("PRAGMA user_version");
        if (found > Version)
        {
            throw new StoreRefusedException(
                $"The store {path} has schema version {found}; this build knows versions up to {Version}. "
                + "A newer build wrote it: start that build (or a later one), or use another --store. Nothing was changed.");
        }

        int application = connection.ExecuteScalar<int>("PRAGMA application_id");
        bool empty = connection.ExecuteScalar<int>("SELECT count(*) FROM sqlite_schema") == 0;
        if (application != ApplicationId && !empty)
        {
            throw new StoreRefusedException(
                $"{path} is a SQLite database of another program. Use another --store. Nothing was changed.");
        }

        if (empty)
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            connection.Execute(
                $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {Version};" + Create,
                transaction: transaction);
            transaction.Commit();
        }
    }
}
