using System.Data;
using System.Threading.Channels;
using Dapper;
using Microsoft.Data.Sqlite;
using Orchestrator.Grains.Storage;
using SQLitePCL;

namespace Orchestrator.Silo.Storage.Sqlite;

/// <summary>
/// The one writer of a database: a thread that takes all waiting writes (at most a batch) into one transaction, so
/// that many callers share one sync of the disk. Each write has a savepoint: one that is refused fails its own caller,
/// not the batch.
/// </summary>
/// <remarks>
/// What a caller is told: its own exception or <see cref="StoreFullException"/> = nothing was written;
/// <see cref="StoreUnavailableException"/> = nobody knows.
/// </remarks>
internal sealed class GroupCommitWriter : IDisposable
{
    private const int SqliteFull = 13;
    private const int SqliteConstraint = 19;

    private readonly Channel<PendingWrite> _queue;
    private readonly Func<SqliteConnection> _connect;
    private readonly Action _check;
    private readonly int _batchSize;
    private readonly IStoreMetrics? _metrics;
    private readonly TimeProvider _time;
    private readonly Thread _thread;
    private SqliteConnection _connection;

    /// <param name="connect">Opens a connection for writing; called again after a failure of unknown outcome.</param>
    /// <param name="check">Throws an <see cref="IOException"/> when nothing must be written; called before each transaction.</param>
    public GroupCommitWriter(
        Func<SqliteConnection> connect, Action check, int batchSize, IStoreMetrics? metrics, TimeProvider time)
    {
        _connect = connect;
        _check = check;
        _batchSize = batchSize;
        _metrics = metrics;
        _time = time;
        _connection = connect();

        // Bounded, so that callers wait instead of filling the memory when the disk cannot follow.
        _queue = Channel.CreateBounded<PendingWrite>(
            new BoundedChannelOptions(16 * batchSize) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
        _thread = new Thread(Run) { IsBackground = true, Name = "store writer" };
        _thread.Start();
    }

    /// <summary>Runs <paramref name="action"/> in the next transaction; returns when it is durable.</summary>
    /// <param name="ct">Gives up waiting for a place in the queue; a write that has one is made.</param>
    public async Task<T> WriteAsync<T>(string what, Func<SqliteConnection, T> action, CancellationToken ct)
    {
        var write = new PendingWrite<T>(what, _time.GetTimestamp(), action);
        try
        {
            await _queue.Writer.WriteAsync(write, ct);
        }
        catch (ChannelClosedException e)
        {
            throw new StoreUnavailableException(what, e);
        }

        return await write.Answer;
    }

    /// <summary>Ends after the waiting writes were made.</summary>
    public void Dispose()
    {
        _queue.Writer.TryComplete();
        _thread.Join();
        _connection.Dispose();
    }

    private void Run()
    {
        var batch = new List<PendingWrite>(_batchSize);
        while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            batch.Clear();
            while (batch.Count < _batchSize && _queue.Reader.TryRead(out PendingWrite? write))
            {
                batch.Add(write);
            }

            Commit(batch);
        }
    }

    /// <summary>
    /// One transaction; nobody is answered before it is durable. When the disk is full each write is tried alone, so
    /// that a small one may still fit.
    /// </summary>
    private void Commit(List<PendingWrite> batch)
    {
        try
        {
            _check();
        }
        catch (IOException e)
        {
            // Nothing was tried, so the connection is as good as before.
            foreach (PendingWrite write in batch)
            {
                write.Fail(new StoreUnavailableException(write.What, e));
            }

            return;
        }

        try
        {
            if (_connection.State != ConnectionState.Open && !Reconnect())
            {
                // Dapper would open it for each statement by itself: what is one transaction here would be many.
                throw new InvalidOperationException("The database could not be opened again.");
            }

            _connection.Execute("BEGIN IMMEDIATE");
            foreach (PendingWrite write in batch)
            {
                RunInSavepoint(write);
            }

            _connection.Execute("COMMIT");
        }
        catch (SqliteException e) when (e.SqliteErrorCode == SqliteFull && TryRollBack())
        {
            if (batch.Count == 1)
            {
                batch[0].Fail(new StoreFullException(batch[0].What, e));
                return;
            }

            foreach (PendingWrite write in batch)
            {
                Commit([write]);
            }

            return;
        }
        catch (Exception e)
        {
            foreach (PendingWrite write in batch)
            {
                write.Fail(new StoreUnavailableException(write.What, e));
            }

            Reconnect();
            return;
        }

        _metrics?.TransactionEnded(batch.Count);
        foreach (PendingWrite write in batch)
        {
            if (write.Refusal is { } refusal)
            {
                write.Fail(refusal);
            }
            else
            {
                _metrics?.Committed(write.Waited(_time));
                write.Succeed();
            }
        }
    }

    /// <summary>What goes wrong with one write is undone and remembered; what goes wrong with the disk is thrown.</summary>
    private void RunInSavepoint(PendingWrite write)
    {
        write.Refusal = null;
        _connection.Execute("SAVEPOINT one");
        try
        {
            write.Run(_connection);
        }
        catch (Exception e) when (e is not SqliteException || e is SqliteException { SqliteErrorCode: SqliteConstraint })
        {
            write.Refusal = e is SqliteException ? new StoreUnavailableException(write.What, e) : e;
            _connection.Execute("ROLLBACK TO one");
        }

        _connection.Execute("RELEASE one");
    }

    /// <summary>Whether no transaction is open any more; SQLite ends some by itself when the disk is full.</summary>
    private bool TryRollBack()
    {
        if (raw.sqlite3_get_autocommit(_connection.Handle) != 0)
        {
            return true;
        }

        try
        {
            _connection.Execute("ROLLBACK");
            return true;
        }
        catch (SqliteException)
        {
            return false;
        }
    }

    /// <summary>A new connection knows only what the file says, whatever the old one believed.</summary>
    private bool Reconnect()
    {
        _connection.Dispose();
        try
        {
            _connection = _connect();
            return true;
        }
        catch (Exception e) when (e is SqliteException or StoreRefusedException)
        {
            // The next writes find it closed, and each of them tries again.
            return false;
        }
    }
}
