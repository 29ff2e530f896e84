using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Storage;
using Orchestrator.Silo.Storage;
using Orchestrator.Silo.Storage.Sqlite;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Storage;

namespace Orchestrator.Silo.Tests.Storage;

public sealed class SqliteJobStoreTests : JobStoreContract
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected override Task<IJobStore> OpenAsync() => Task.FromResult<IJobStore>(Open());

    protected override Task CloseAsync(IJobStore store)
    {
        ((SqliteJobStore)store).Dispose();
        return Task.CompletedTask;
    }

    protected override Task CleanAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public void A_second_store_on_the_same_folder_is_refused_with_the_process_that_has_it()
    {
        StoreRefusedException e = Assert.Throws<StoreRefusedException>(() => Open());
        Assert.Contains($"process {Environment.ProcessId}", e.Message);
        Assert.Contains("another --store", e.Message);
    }

    [Fact]
    public async Task A_lock_that_cannot_be_made_is_not_called_another_silos()
    {
        await CloseAsync(Store);
        File.Delete(_folder.File("lock"));
        File.CreateSymbolicLink(_folder.File("lock"), _folder.File("nowhere/lock"));
        StoreRefusedException e = Assert.Throws<StoreRefusedException>(() => Open());
        Assert.Contains("cannot be locked", e.Message);
        Assert.Contains("Could not find", e.Message);
    }

    [Fact]
    public async Task A_store_of_a_newer_version_is_refused_and_left_alone()
    {
        await CloseAsync(Store);
        Sql("PRAGMA user_version = 7");
        StoreRefusedException e = Assert.Throws<StoreRefusedException>(() => Open());
        Assert.Contains("version 7", e.Message);
        Assert.Contains($"up to {SqliteSchema.Version}", e.Message);
        Assert.Contains("newer build", e.Message);
        Sql($"PRAGMA user_version = {SqliteSchema.Version}");
        await RestartAsync();
    }

    [Fact]
    public void A_database_of_another_program_is_refused()
    {
        using var other = new TemporaryFolder();
        Sql("CREATE TABLE theirs(x)", other.Path);
        Assert.Contains("another program", Assert.Throws<StoreRefusedException>(() => Open(other.Path)).Message);
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused()
    {
        using var other = new TemporaryFolder();
        File.WriteAllText(other.File("jobs.db"), new string('x', 5000));
        Assert.Contains("cannot be opened", Assert.Throws<StoreRefusedException>(() => Open(other.Path)).Message);
    }

    [Fact]
    public async Task Every_commit_is_synced_to_a_write_ahead_log()
    {
        await Store.CreateAsync(JobSamples.Job("a"), JobSamples.Event(1), Ct);
        Assert.True(new FileInfo(_folder.File("jobs.db-wal")).Length > 0);
    }

    [Fact]
    public async Task A_full_disk_refuses_what_does_not_fit_writes_none_of_it_and_takes_what_fits()
    {
        await CloseAsync(Store);
        using var small = new SqliteJobStore(
            new SqliteStoreOptions { Folder = _folder.Path, MaxPages = 60 }, metrics: null, TimeProvider.System);
        StoredJob job = JobSamples.Job("a");
        await small.CreateAsync(job, JobSamples.Event(1), Ct);
        await small.CreateAsync(JobSamples.Job("b"), JobSamples.Event(1), Ct);
        JobCommit large = JobSamples.Commit(job, 1, JobSamples.Segment("a", 0)) with
        {
            Series = [new StoredSeries(0, new string('x', 1_000_000))],
        };

        // At once, so that both go into one transaction: the small one must not suffer.
        Task first = small.CommitAsync(large, Ct);
        Task second = small.CommitAsync(JobSamples.Commit(JobSamples.Job("b"), 1), Ct);
        StoreFullException e = await Assert.ThrowsAsync<StoreFullException>(() => first);
        await second;
        Assert.Contains("job a", e.Message);
        Assert.Equal(1, (await small.FindAsync("a", Ct))!.Sequence);
        Assert.Equal(2, (await small.FindAsync("b", Ct))!.Sequence);
        Assert.Empty(await small.SegmentsAsync("a", -1, 10, Ct));
        small.Dispose();

        await RestartAsync();
        await Store.CommitAsync(large, Ct);
        Assert.Equal(2, (await Store.FindAsync("a", Ct))!.Sequence);
    }

    [Fact]
    public async Task Writers_that_wait_together_share_transactions()
    {
        await CloseAsync(Store);
        var metrics = new CountedCommits();
        using (var store = new SqliteJobStore(new SqliteStoreOptions { Folder = _folder.Path }, metrics, TimeProvider.System))
        {
            await Task.WhenAll(Enumerable.Range(0, 500).Select(i => store.CreateAsync(JobSamples.Job($"j{i}"), JobSamples.Event(1), Ct)));
        }

        Assert.Equal(500, metrics.Writes);
        Assert.InRange(metrics.Transactions, 2, 100);
        await RestartAsync();
    }

    [Fact]
    public async Task No_statement_reads_a_whole_table()
    {
        await Store.CreateAsync(JobSamples.Job("a"), JobSamples.Event(1), Ct);
        FieldInfo[] statements = [.. typeof(Statements).GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral)];
        Assert.True(statements.Length > 25);
        foreach (FieldInfo statement in statements.Where(s => s.Name != nameof(Statements.AllWorkers)))
        {
            foreach (string step in Plan((string)statement.GetRawConstantValue()!))
            {
                Assert.False(step.StartsWith("SCAN", StringComparison.Ordinal), $"{statement.Name}: {step}");
                Assert.False(step.Contains("TEMP B-TREE", StringComparison.Ordinal), $"{statement.Name}: {step}");
            }
        }
    }

    [Fact]
    public async Task A_commit_and_a_page_cost_the_same_at_100_events_and_at_100_000()
    {
        StoredJob job = JobSamples.Job("a");
        await Store.CreateAsync(job, JobSamples.Event(1), Ct);
        long sequence = 1;
        long small = await PagesTouchedAsync(sequence = await GrowAsync(job, sequence, 100));
        long large = await PagesTouchedAsync(sequence = await GrowAsync(job, sequence, 100_000));

        // The depth of the trees grows by a page or two; nothing grows with the number of events.
        Assert.InRange(large, 1, small + 24);

        async Task<long> PagesTouchedAsync(long at)
        {
            await RestartAsync();
            await Store.CommitAsync(JobSamples.Commit(job, at, JobSamples.Segment("a", (int)at)), Ct);
            sequence = at + 1;
            Assert.Equal(50, (await Store.EventsAsync("a", at - 50, 50, Ct)).Count);
            return new FileInfo(_folder.File("jobs.db-wal")).Length / 4096;
        }
    }

    private static SqliteJobStore Open(string folder) =>
        new(new SqliteStoreOptions { Folder = folder }, metrics: null, TimeProvider.System);

    private SqliteJobStore Open() => Open(_folder.Path);

    private void Sql(string statement, string? folder = null)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder ?? _folder.Path, "jobs.db")};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = statement;
        command.ExecuteNonQuery();
    }

    private List<string> Plan(string statement)
    {
        using var connection = new SqliteConnection($"Data Source={_folder.File("jobs.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + statement.Replace("@segments", "(1, 2)", StringComparison.Ordinal);
        foreach (string name in Regex.Matches(command.CommandText, @"@\w+", RegexOptions.None, TimeSpan.FromSeconds(1)).Select(m => m.Value).Distinct())
        {
            command.Parameters.AddWithValue(name, 1);
        }

        using SqliteDataReader reader = command.ExecuteReader();
        var steps = new List<string>();
        while (reader.Read())
        {
            steps.Add(reader.GetString(3));
        }

        return steps;
    }

    private async Task<long> GrowAsync(StoredJob job, long from, int events)
    {
        const int Batch = 10_000;
        for (long left = events; left > 0; left -= Batch)
        {
            int count = (int)Math.Min(left, Batch);
            long start = from;
            await Store.CommitAsync(
                new JobCommit
                {
                    Job = job with { Sequence = from + count },
                    ExpectedSequence = from,
                    Events = [.. Enumerable.Range(1, count).Select(i => JobSamples.Event(start + i))],
                    Segments = [],
                },
                Ct);
            from += count;
        }

        return from;
    }

    private sealed class CountedCommits : IStoreMetrics
    {
        private int _writes;

        public int Writes => _writes;

        public int Transactions { get; private set; }

        public void Committed(TimeSpan latency) => Interlocked.Increment(ref _writes);

        public void TransactionEnded(int writes) => Transactions++;
    }
}
