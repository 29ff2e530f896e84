using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Storage;
using Xunit;

namespace Orchestrator.TestKit.Storage;

/// <summary>
/// What every job store does. A provider's tests inherit this and say how to open its store: twice over the same place
/// is what a restart looks like.
/// </summary>
public abstract class JobStoreContract : IAsyncLifetime
{
    /// <summary>The store under test, empty at first.</summary>
    protected IJobStore Store { get; private set; } = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => Store = await OpenAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await CloseAsync(Store);
        await CleanAsync();
    }

    /// <summary>Opens the store of this test; the same place each time.</summary>
    protected abstract Task<IJobStore> OpenAsync();

    /// <summary>Closes a store, as the end of its process would.</summary>
    protected abstract Task CloseAsync(IJobStore store);

    /// <summary>Removes the place.</summary>
    protected abstract Task CleanAsync();

    /// <summary>Closes the store and opens it again.</summary>
    protected async Task RestartAsync()
    {
        await CloseAsync(Store);
        Store = await OpenAsync();
    }

    [Fact]
    public async Task A_created_job_is_found_as_it_was_written()
    {
        StoredJob job = JobSamples.Job("a");
        Assert.Null(await Store.CreateAsync(job, JobSamples.Event(1), Ct));
        Assert.Equal(job, await Store.FindAsync("a", Ct));
        Assert.Equal([JobSamples.Event(1)], await Store.EventsAsync("a", 0, 10, Ct));
        Assert.Null(await Store.FindAsync("b", Ct));
    }

    [Fact]
    public async Task Creating_an_id_twice_answers_with_the_first_job_and_changes_nothing()
    {
        StoredJob first = JobSamples.Job("a");
        await Store.CreateAsync(first, JobSamples.Event(1), Ct);
        StoredJob other = first with { Spec = "{}", Name = "other" };
        Assert.Equal(first, await Store.CreateAsync(other, JobSamples.Event(1), Ct));
        Assert.Equal(first, await Store.FindAsync("a", Ct));
        Assert.Single(await Store.EventsAsync("a", 0, 10, Ct));
    }

    [Fact]
    public async Task Of_many_that_create_one_id_at_once_one_wins()
    {
        StoredJob?[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            Store.CreateAsync(JobSamples.Job("a") with { Name = $"n{i}" }, JobSamples.Event(1), Ct)));
        Assert.Equal(1, answers.Count(a => a is null));
        Assert.Single(answers.OfType<StoredJob>().Distinct());
    }

    [Fact]
    public async Task A_commit_writes_everything_at_once()
    {
        StoredJob job = JobSamples.Job("a");
        await Store.CreateAsync(job, JobSamples.Event(1), Ct);
        StoredJob after = job with { Sequence = 3, Status = JobStatus.Succeeded, View = "{}", Result = "{\"schema\":1}" };
        StoredSegment segment = JobSamples.Segment("a", 0, SegmentState.Succeeded) with { Result = "{\"metrics\":{}}" };
        await Store.CommitAsync(
            new JobCommit
            {
                Job = after,
                ExpectedSequence = 1,
                Events = [JobSamples.Event(2), JobSamples.Event(3)],
                Segments = [segment, JobSamples.Segment("a", 1)],
                Series = [new StoredSeries(0, "step,rate\n0,0.1\n")],
                Logs = [new StoredLog(0, "line\n")],
                Checkpoints = [new StoredCheckpoint(new string('a', 64), 10)],
                Snapshot = new StoredSnapshot(3, "{\"s\":3}"),
            },
            Ct);
        Assert.Equal(after, await Store.FindAsync("a", Ct));
        Assert.Equal([2L, 3L], (await Store.EventsAsync("a", 1, 10, Ct)).Select(e => e.Sequence));
        Assert.Equal([segment, JobSamples.Segment("a", 1)], await Store.SegmentsAsync("a", -1, 10, Ct));
        Assert.Equal([new StoredSeries(0, "step,rate\n0,0.1\n")], await Store.SeriesAsync("a", [0, 1], Ct));
        Assert.Equal("line\n", await Store.LogAsync("a", 0, Ct));
        Assert.Null(await Store.LogAsync("a", 1, Ct));
        Assert.Equal(new StoredSnapshot(3, "{\"s\":3}"), await Store.SnapshotAsync("a", Ct));
    }

    [Fact]
    public async Task A_stale_commit_is_refused_and_writes_nothing()
    {
        StoredJob job = JobSamples.Job("a");
        await Store.CreateAsync(job, JobSamples.Event(1), Ct);
        await Store.CommitAsync(JobSamples.Commit(job, 1), Ct);
        await Assert.ThrowsAsync<StaleJobException>(
            () => Store.CommitAsync(JobSamples.Commit(job with { Name = "stale" }, 1, JobSamples.Segment("a", 7)), Ct));
        Assert.Equal("name of a", (await Store.FindAsync("a", Ct))!.Name);
        Assert.Empty(await Store.SegmentsAsync("a", -1, 10, Ct));
        Assert.Equal(2, (await Store.EventsAsync("a", 0, 10, Ct)).Count);
    }

    [Fact]
    public async Task A_commit_of_a_job_that_does_not_exist_is_stale() =>
        await Assert.ThrowsAsync<StaleJobException>(() => Store.CommitAsync(JobSamples.Commit(JobSamples.Job("a"), 1), Ct));

    [Fact]
    public async Task Of_two_activations_that_race_exactly_one_wins_every_sequence_number()
    {
        StoredJob job = JobSamples.Job("a");
        await Store.CreateAsync(job, JobSamples.Event(1), Ct);
        const int Rounds = 50;
        int stale = 0;
        for (long expected = 1; expected <= Rounds; expected++)
        {
            long now = expected;
            await Task.WhenAll(Enumerable.Range(0, 4).Select(async writer =>
            {
                try
                {
                    await Store.CommitAsync(JobSamples.Commit(job with { Name = $"writer {writer}" }, now), Ct);
                }
                catch (StaleJobException)
                {
                    Interlocked.Increment(ref stale);
                }
            }));
        }

        Assert.Equal(3 * Rounds, stale);
        Assert.Equal(Enumerable.Range(1, Rounds + 1).Select(n => (long)n), (await Store.EventsAsync("a", 0, 1000, Ct)).Select(e => e.Sequence));
    }

    [Fact]
    public async Task A_refused_commit_fails_its_caller_and_no_other()
    {
        for (int i = 0; i < 8; i++)
        {
            await Store.CreateAsync(JobSamples.Job($"j{i}"), JobSamples.Event(1), Ct);
        }

        Task[] commits = [.. Enumerable.Range(0, 8).Select(i =>
            Store.CommitAsync(JobSamples.Commit(JobSamples.Job($"j{i}"), i % 2 == 0 ? 1 : 9), Ct))];
        for (int i = 0; i < 8; i++)
        {
            if (i % 2 == 0)
            {
                await commits[i];
            }
            else
            {
                await Assert.ThrowsAsync<StaleJobException>(() => commits[i]);
            }
        }
    }

    [Fact]
    public async Task What_was_written_is_there_after_a_restart()
    {
        StoredJob job = JobSamples.Job("a");
        await Store.CreateAsync(job, JobSamples.Event(1), Ct);
        await Store.CommitAsync(JobSamples.Commit(job, 1, JobSamples.Segment("a", 0)), Ct);
        byte[] secret = await Store.SecretAsync("tokens", Ct);
        await Store.SaveWorkerAsync(new StoredWorker("default", "w", "{}"), Ct);
        await RestartAsync();
        Assert.Equal(job with { Sequence = 2 }, await Store.FindAsync("a", Ct));
        Assert.Equal(2, (await Store.EventsAsync("a", 0, 10, Ct)).Count);
        Assert.Single(await Store.QueueAsync("default", 10, Ct));
        Assert.Equal(secret, await Store.SecretAsync("tokens", Ct));
        Assert.Equal([new StoredWorker("default", "w", "{}")], await Store.WorkersAsync(null, Ct));
    }

    [Fact]
    public async Task Jobs_are_listed_newest_first_in_pages_that_miss_and_repeat_nothing()
    {
        for (int i = 0; i < 25; i++)
        {
            JobStatus status = i % 5 == 0 ? JobStatus.Failed : JobStatus.Running;
            await Store.CreateAsync(JobSamples.Job($"j{i}", status, second: i), JobSamples.Event(1), Ct);
        }

        Assert.Equal(Enumerable.Range(0, 25).Reverse().Select(i => $"j{i}"), await AllAsync(null, 10));
        Assert.Equal(["j20", "j15", "j10", "j5", "j0"], await AllAsync(JobStatus.Failed, 2));
        Assert.Empty(await AllAsync(JobStatus.Cancelled, 2));
        Assert.Null((await Store.ListAsync(null, 25, null, Ct)).Next);
        await Assert.ThrowsAsync<ArgumentException>(() => Store.ListAsync(null, 10, "nonsense", Ct));
    }

    [Fact]
    public async Task Live_jobs_are_those_that_have_not_ended()
    {
        foreach (JobStatus status in Enum.GetValues<JobStatus>())
        {
            await Store.CreateAsync(JobSamples.Job(status.ToString(), status), JobSamples.Event(1), Ct);
        }

        Assert.Equal(["Paused", "Running", "Unschedulable"], (await Store.LiveAsync(Ct)).Order());
    }

    [Fact]
    public async Task The_queue_holds_planned_segments_of_its_pool_by_priority_then_age_then_number()
    {
        foreach (string id in (string[])["z", "a"])
        {
            await Store.CreateAsync(JobSamples.Job(id), JobSamples.Event(1), Ct);
        }

        await Store.CommitAsync(
            JobSamples.Commit(
                JobSamples.Job("a"), 1, JobSamples.Segment("a", 0), JobSamples.Segment("a", 1, priority: 5),
                JobSamples.Segment("a", 2, pool: "other"), JobSamples.Segment("a", 3, SegmentState.Waiting),
                JobSamples.Segment("a", 4, SegmentState.Held), JobSamples.Segment("a", 5, SegmentState.Succeeded)),
            Ct);
        await Store.CommitAsync(
            JobSamples.Commit(JobSamples.Job("z"), 1, JobSamples.Segment("z", 1), JobSamples.Segment("z", 0)), Ct);
        Assert.Equal(
            [new("a", 1, 5, """{"work":1}"""), new("z", 0, 0, """{"work":0}"""), new("z", 1, 0, """{"work":1}"""), new("a", 0, 0, """{"work":0}""")],
            await Store.QueueAsync("default", 10, Ct));
        Assert.Equal(2, (await Store.QueueAsync("default", 2, Ct)).Count);
        await Store.CommitAsync(
            JobSamples.Commit(JobSamples.Job("a"), 2, JobSamples.Segment("a", 1, SegmentState.Succeeded, 5)), Ct);
        Assert.DoesNotContain(await Store.QueueAsync("default", 10, Ct), s => s is { Job: "a", Segment: 1 });
    }

    [Fact]
    public async Task Segments_are_replaced_by_number_and_read_in_pages()
    {
        StoredJob job = JobSamples.Job("a");
        await Store.CreateAsync(job, JobSamples.Event(1), Ct);
        await Store.CommitAsync(JobSamples.Commit(job, 1, [.. Enumerable.Range(0, 5).Select(i => JobSamples.Segment("a", i))]), Ct);
        StoredSegment ended = JobSamples.Segment("a", 3, SegmentState.Diverged) with { Result = "{}", View = "{\"v\":2}" };
        await Store.CommitAsync(JobSamples.Commit(job, 2, ended), Ct);
        Assert.Equal([2, 3], (await Store.SegmentsAsync("a", 1, 2, Ct)).Select(s => s.Segment));
        Assert.Equal(ended, await Store.SegmentAsync("a", 3, Ct));
        Assert.Null(await Store.SegmentAsync("a", 9, Ct));
    }

    [Fact]
    public async Task A_deleted_job_leaves_nothing_and_no_other_job_loses_anything()
    {
        foreach (string id in (string[])["a", "b"])
        {
            StoredJob job = JobSamples.Job(id);
            await Store.CreateAsync(job, JobSamples.Event(1), Ct);
            await Store.CommitAsync(
                JobSamples.Commit(job, 1, JobSamples.Segment(id, 0)) with
                {
                    Series = [new StoredSeries(0, "step\n")],
                    Logs = [new StoredLog(0, "log")],
                    Snapshot = new StoredSnapshot(2, "{}"),
                },
                Ct);
        }

        await Store.DeleteAsync("a", Ct);
        await Store.DeleteAsync("a", Ct);
        Assert.Null(await Store.FindAsync("a", Ct));
        Assert.Empty(await Store.EventsAsync("a", 0, 10, Ct));
        Assert.Empty(await Store.SegmentsAsync("a", -1, 10, Ct));
        Assert.Empty(await Store.SeriesAsync("a", [0], Ct));
        Assert.Null(await Store.LogAsync("a", 0, Ct));
        Assert.Null(await Store.SnapshotAsync("a", Ct));
        Assert.Equal("b", Assert.Single(await Store.QueueAsync("default", 10, Ct)).Job);
        Assert.Equal(2, (await Store.EventsAsync("b", 0, 10, Ct)).Count);
    }

    [Fact]
    public async Task Workers_are_kept_by_pool_and_name()
    {
        await Store.SaveWorkerAsync(new StoredWorker("p", "w1", "{}"), Ct);
        await Store.SaveWorkerAsync(new StoredWorker("p", "w1", "{\"new\":1}"), Ct);
        await Store.SaveWorkerAsync(new StoredWorker("q", "w1", "{}"), Ct);
        Assert.Equal([new StoredWorker("p", "w1", "{\"new\":1}")], await Store.WorkersAsync("p", Ct));
        Assert.Equal(2, (await Store.WorkersAsync(null, Ct)).Count);
        await Store.DeleteWorkerAsync("p", "w1", Ct);
        Assert.Empty(await Store.WorkersAsync("p", Ct));
    }

    [Fact]
    public async Task A_secret_is_made_once_whoever_asks_first()
    {
        byte[][] secrets = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Store.SecretAsync("tokens", Ct)));
        Assert.All(secrets, s => Assert.Equal(secrets[0], s));
        Assert.Equal(32, secrets[0].Length);
        Assert.NotEqual(secrets[0], await Store.SecretAsync("other", Ct));
    }

    [Fact]
    public async Task Values_are_passed_by_value()
    {
        byte[] secret = await Store.SecretAsync("tokens", Ct);
        byte[] before = [.. secret];
        Array.Clear(secret);
        Assert.Equal(before, await Store.SecretAsync("tokens", Ct));

        List<StoredEvent> events = [JobSamples.Event(2)];
        StoredJob job = JobSamples.Job("a");
        await Store.CreateAsync(job, JobSamples.Event(1), Ct);
        await Store.CommitAsync(JobSamples.Commit(job, 1) with { Events = events }, Ct);
        events.Clear();
        Assert.Equal(2, (await Store.EventsAsync("a", 0, 10, Ct)).Count);
        Assert.NotSame(await Store.FindAsync("a", Ct), await Store.FindAsync("a", Ct));
    }

    [Fact]
    public async Task Any_text_comes_back_as_it_was()
    {
        const string Text = "{\"text\":\"ü 漢 🙂 \\u0000 '\\\" ; DROP TABLE jobs; --\"}";
        StoredJob job = JobSamples.Job("a") with { Spec = Text, View = Text, Name = "'; --" };
        await Store.CreateAsync(job, new StoredEvent(1, "t", Text), Ct);
        Assert.Equal(job, await Store.FindAsync("a", Ct));
        Assert.Equal(Text, (await Store.EventsAsync("a", 0, 1, Ct))[0].Payload);
    }

    private async Task<List<string>> AllAsync(JobStatus? status, int limit)
    {
        var ids = new List<string>();
        string? cursor = null;
        do
        {
            Page<StoredJob> page = await Store.ListAsync(status, limit, cursor, Ct);
            Assert.InRange(page.Items.Count, 0, limit);
            ids.AddRange(page.Items.Select(j => j.Id));
            cursor = page.Next;
        }
        while (cursor is not null);
        return ids;
    }
}
