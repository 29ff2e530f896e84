using Microsoft.Data.Sqlite;

namespace Orchestrator.Silo.Storage.Sqlite;

/// <summary>A write that waits for its transaction, and its caller's answer.</summary>
internal abstract class PendingWrite(string what, long requested)
{
    /// <summary>For the message when it fails.</summary>
    public string What { get; } = what;

    /// <summary>Why the write was undone within its transaction; null = it was not.</summary>
    public Exception? Refusal { get; set; }

    /// <summary>Since the caller asked.</summary>
    public TimeSpan Waited(TimeProvider time) => time.GetElapsedTime(requested);

    /// <summary>Runs the statements, within a savepoint of its own.</summary>
    public abstract void Run(SqliteConnection connection);

    /// <summary>Tells the caller that it is durable.</summary>
    public abstract void Succeed();

    /// <summary>Tells the caller that nothing was written, or that nobody knows.</summary>
    public abstract void Fail(Exception e);
}

/// <inheritdoc/>
internal sealed class PendingWrite<T>(string what, long requested, Func<SqliteConnection, T> action)
    : PendingWrite(what, requested)
{
    // Continuations run elsewhere: a caller must not hold up the writer.
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Answer => _answer.Task;

    public override void Run(SqliteConnection connection) => _result = action(connection);

    public override void Succeed() => _answer.TrySetResult(_result!);

    public override void Fail(Exception e) => _answer.TrySetException(e);
}
