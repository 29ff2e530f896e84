using Dapper;
using Microsoft.Data.Sqlite;
using Orchestrator.Grains.Storage;
using Orchestrator.Silo.Storage.Sqlite;
using Orchestrator.TestKit;

namespace Orchestrator.Silo.Tests.Storage;

/// <summary>What is written is one transaction, also when the database comes and goes.</summary>
public sealed class GroupCommitWriterTests : IDisposable
{
    private const int IoError = 10;

    private readonly TemporaryFolder _folder = new();
    private bool _away;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task While_the_database_cannot_be_opened_again_nothing_is_written_not_even_half()
    {
        using (SqliteConnection database = Connect())
        {
            database.Execute("CREATE TABLE numbers (number INTEGER)");
        }

        using var writer = new GroupCommitWriter(Connect, () => { }, batchSize: 8, metrics: null, TimeProvider.System);
        _away = true;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => WriteAsync(writer, _ => throw new SqliteException("I/O error", IoError)));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => WriteAsync(writer, database => database.Execute("INSERT INTO numbers VALUES (1)")));
        _away = false;
        await WriteAsync(writer, database => database.Execute("INSERT INTO numbers VALUES (2)"));

        using SqliteConnection reader = Connect();
        Assert.Equal([2], reader.Query<long>("SELECT number FROM numbers"));
    }

    private static Task<int> WriteAsync(GroupCommitWriter writer, Func<SqliteConnection, int> action) =>
        writer.WriteAsync("a test", action, TestContext.Current.CancellationToken);

    private SqliteConnection Connect()
    {
        if (_away)
        {
            throw new SqliteException("unable to open database file", 14);
        }

        var connection = new SqliteConnection($"Data Source={_folder.File("database")};Pooling=False");
        connection.Open();
        return connection;
    }
}
