using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Storage;
using Orchestrator.Grains.Tests.Driving;
using Orchestrator.TestKit.Training;

namespace Orchestrator.Grains.Tests.Clusters;

/// <summary>The shell about the pure job: batches, conflicts, a store that fails, timers, and who decides where.</summary>
[Collection(OneCluster.Name)]
public sealed class JobGrainTests(GrainCluster cluster) : IDisposable
{
    private readonly TestJobs _jobs = new(cluster, "job");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        cluster.Store.BeforeCommit = null;
        cluster.Store.AfterCommit = null;
    }

    [Fact]
    public async Task Whatever_waits_during_a_commit_is_one_commit_after_it()
    {
        TestAgent agent = _jobs.Agent(slots: 4);
        await agent.RegisterAsync();
        await _jobs.SubmitAsync(JobFiles.AutoLrs().With("segmentSteps", 20).With("schedule.range.max", 1.0));
        Lease[] leases = [.. (await agent.PollAsync(free: 4)).Leases];
        TrainedSegment[] results = await Task.WhenAll(leases.Select(lease => agent.TrainAsync(lease.Work)));
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int before = Commits().Length;
        cluster.Store.BeforeCommit = async _ =>
        {
            begun.TrySetResult();
            await written.Task;
        };
        Task<CompletionReceipt> first = agent.TellAsync(leases[0], results[0]);
        await begun.Task;
        int arrived = cluster.Calls["IJobGrain.CompleteAsync"];
        Task<CompletionReceipt>[] others = [.. Enumerable.Range(1, 3).Select(i => agent.TellAsync(leases[i], results[i]))];
        await cluster.UntilAsync(() => Task.FromResult(cluster.Calls["IJobGrain.CompleteAsync"] >= arrived + 3));
        written.SetResult();
        Assert.All(await Task.WhenAll([first, .. others]), receipt => Assert.Equal(CompletionVerdict.Accepted, receipt.Verdict));
        JobCommit[] commits = Commits()[before..];
        Assert.Equal(2, commits.Length);
        Assert.Equal(3, commits[1].Events.Count(e => e.Type == "segment_finished"));
        Assert.Contains(commits[1].Events, e => e.Type == "search_decided");
    }

    [Fact]
    public async Task An_activation_that_lost_the_race_forgets_what_it_knew_and_reads_again()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        Lease lease = await agent.TakeAsync();
        TrainedSegment result = await agent.TrainAsync(lease.Work);

        // Another activation, as after a partition, pauses the job behind this one's back.
        StoredJob header = (await cluster.Store.FindAsync(_jobs.Id(), Ct))!;
        string payload = JsonSerializer.Serialize<JobEvent>(new JobPaused("another", "Paused by another activation.", 1), WireJson.Options);
        var pause = new JobCommit
        {
            Job = header with { Sequence = header.Sequence + 1, Status = JobStatus.Paused },
            ExpectedSequence = header.Sequence,
            Events = [new StoredEvent(header.Sequence + 1, "job_paused", payload)],
            Segments = [],
        };
        await cluster.Store.CommitAsync(pause, Ct);
        await Assert.ThrowsAsync<StaleJobException>(() => agent.TellAsync(lease, result));
        await cluster.UntilAsync(async () => (await _jobs.ViewAsync()).Status == JobStatus.Paused);
        Assert.Equal(CompletionVerdict.Accepted, (await agent.TellAsync(lease, result)).Verdict);
        Assert.Equal((JobStatus.Paused, 10L), ((await _jobs.ViewAsync()).Status, (await _jobs.ViewAsync()).Steps.Training));
    }

    [Fact]
    public async Task Whoever_waits_for_news_does_not_keep_an_activation_that_has_to_go()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        Lease lease = await agent.TakeAsync();
        JobPulse now = await _jobs.Job().WaitAsync(0, 0, TestContext.Current.CancellationToken);
        Task<JobPulse> waiting = await cluster.BeginAsync("IJobGrain.WaitAsync", () => _jobs.Job().WaitAsync(now.Sequence, now.ProgressMark, TestContext.Current.CancellationToken));
        cluster.Store.BeforeCommit = _ => throw new StoreUnavailableException("the events of a job", new IOException("gone"));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => agent.FinishAsync(lease));
        cluster.Store.BeforeCommit = null;

        // The clock stands still: nobody would be woken by it.
        await waiting;
        Assert.Equal(CompletionVerdict.Accepted, (await agent.FinishAsync(lease)).Verdict);
    }

    [Fact]
    public async Task A_full_disk_pauses_the_job_with_its_reason_and_it_goes_on_by_itself()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        Lease lease = await agent.TakeAsync();
        TrainedSegment result = await agent.TrainAsync(lease.Work);
        cluster.Store.BeforeCommit = _ => throw new StoreFullException("the events of a job");
        await Assert.ThrowsAsync<StoreFullException>(() => agent.TellAsync(lease, result));
        JobView view = await _jobs.ViewAsync();
        Assert.Equal((JobStatus.Paused, "no_space"), (view.Status, view.Reason!.Code));
        cluster.Store.BeforeCommit = null;
        Assert.Equal(CompletionVerdict.Accepted, (await agent.TellAsync(lease, result)).Verdict);
        Assert.Equal((JobStatus.Running, 10L), ((await _jobs.ViewAsync()).Status, (await _jobs.ViewAsync()).Steps.Training));
    }

    [Fact]
    public async Task After_a_full_disk_the_job_looks_again_without_being_asked()
    {
        await _jobs.SubmitAsync();
        cluster.Store.BeforeCommit = _ => throw new StoreFullException("the events of a job");
        await _jobs.Agent().RegisterAsync();
        await cluster.UntilAsync(async () => (await _jobs.ViewAsync()).Reason?.Code == "no_space");
        cluster.Store.BeforeCommit = null;
        await cluster.UntilAsync(async () => (await _jobs.ViewAsync()).Status == JobStatus.Running, TimeSpan.FromMilliseconds(500));
    }

    [Fact]
    public async Task When_nobody_knows_whether_a_commit_was_written_the_job_is_read_again_and_nothing_counts_twice()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        Lease lease = await agent.TakeAsync();
        TrainedSegment result = await agent.TrainAsync(lease.Work);
        cluster.Store.AfterCommit = _ => throw new StoreUnavailableException("the events of a job", new IOException("gone"));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => agent.TellAsync(lease, result));
        cluster.Store.AfterCommit = null;
        await cluster.UntilAsync(async () => (await _jobs.ViewAsync()).Steps.Training == 10);
        Assert.Equal(CompletionVerdict.Retry, (await agent.TellAsync(lease, result)).Verdict);
        Assert.Equal(10, (await _jobs.ViewAsync()).Steps.Training);
    }

    [Fact]
    public async Task A_failure_that_was_stored_although_nobody_heard_so_is_counted_once()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        Lease lease = await agent.TakeAsync();
        cluster.Store.AfterCommit = _ => throw new StoreUnavailableException("the events of a job", new IOException("gone"));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => agent.TellAsync(lease, TrainedSegment.Failed(5, "crashed")));
        cluster.Store.AfterCommit = null;
        await cluster.UntilAsync(async () => (await _jobs.ViewAsync()).Steps.Lost == 5);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(CompletionVerdict.Retry, (await agent.TellAsync(lease, TrainedSegment.Failed(5, "crashed"))).Verdict);
        }

        Assert.Equal((JobStatus.Running, 5L), ((await _jobs.ViewAsync()).Status, (await _jobs.ViewAsync()).Steps.Lost));
    }

    [Fact]
    public async Task A_fit_is_made_by_the_optimization_grain_and_its_decision_says_on_which_event_it_was_made()
    {
        TestAgent agent = _jobs.Agent(slots: 4);
        await agent.RegisterAsync();
        await _jobs.SubmitAsync(JobFiles.AutoLrs().With("segmentSteps", 20).With("schedule.range.max", 1.0));
        int before = Decided();
        foreach (Lease lease in (await agent.PollAsync(free: 4)).Leases)
        {
            await agent.FinishAsync(lease);
        }

        Assert.Equal(before + 1, Decided());
        IReadOnlyList<StoredEvent> events = await cluster.Store.EventsAsync(_jobs.Id(), 0, 1000, Ct);
        StoredEvent chosen = events.Single(e => e.Type == "search_decided" && e.Payload.Contains("\"choose\"", StringComparison.Ordinal));
        StoredEvent lastSeen = events.Last(e => e.Type == "stretch_observed" && e.Sequence < chosen.Sequence);
        Assert.Equal(lastSeen.Sequence, JsonDocument.Parse(chosen.Payload).RootElement.GetProperty("decidedFrom").GetInt64());

        int Decided() => cluster.Calls.GetValueOrDefault("IBayesianOptimizationGrain.DecideAsync");
    }

    [Fact]
    public async Task The_same_file_submitted_again_is_the_same_job_and_another_file_is_a_conflict()
    {
        SubmitReply first = await _jobs.SubmitAsync();
        SubmitReply again = await _jobs.SubmitAsync();
        SubmitReply other = await _jobs.SubmitAsync(JobFiles.Fixed(steps: 40));
        Assert.Equal((true, false, false), (first.Created, again.Created, other.Created));
        Assert.Equal((false, false, true), (first.Conflict, again.Conflict, other.Conflict));
        Assert.Equal(first.View!.Id, again.View!.Id);
        Assert.Null(other.View);
    }

    [Fact]
    public async Task Only_a_job_that_has_ended_is_deleted_and_then_it_is_gone()
    {
        await _jobs.SubmitAsync();
        Assert.Contains("cancel it first", (await _jobs.Job().DeleteAsync()).Refusal, StringComparison.Ordinal);
        await _jobs.Job().ControlAsync(JobCommand.Cancel, "somebody");
        Assert.Null((await _jobs.Job().DeleteAsync()).Refusal);
        Assert.Null(await _jobs.Job().ViewAsync());
        Assert.True((await _jobs.Job().DeleteAsync()).Missing);
        Assert.True((await _jobs.Job().WaitAsync(0, 0, TestContext.Current.CancellationToken)).Missing);
        Assert.Null(await cluster.Store.FindAsync(_jobs.Id(), Ct));
        Assert.True((await _jobs.SubmitAsync()).Created);
        Assert.Equal(JobStatus.Unschedulable, (await _jobs.ViewAsync()).Status);
    }

    [Fact]
    public async Task A_command_repeated_changes_nothing_and_one_that_comes_too_late_is_refused()
    {
        await _jobs.Agent().RegisterAsync();
        await _jobs.SubmitAsync();
        await _jobs.Job().ControlAsync(JobCommand.Pause, "somebody");
        long sequence = (await _jobs.Job().ControlAsync(JobCommand.Pause, "somebody")).View!.Sequence;
        Assert.Equal(sequence, (await _jobs.Job().ControlAsync(JobCommand.Pause, "somebody")).View!.Sequence);
        await _jobs.Job().ControlAsync(JobCommand.Cancel, "somebody");
        Assert.Null((await _jobs.Job().ControlAsync(JobCommand.Cancel, "somebody")).Refusal);
        Assert.Equal("The job has cancelled already.", (await _jobs.Job().ControlAsync(JobCommand.Resume, "somebody")).Refusal);
        Assert.True((await _jobs.Job(99).ControlAsync(JobCommand.Pause, "somebody")).Missing);
    }

    [Fact]
    public async Task A_job_whose_time_is_over_ends_although_nothing_is_heard_of_it()
    {
        await _jobs.Agent().RegisterAsync();
        await _jobs.SubmitAsync(JobFiles.Fixed(steps: 20).With("budget.maxDuration", "30s"));
        long began = cluster.Clock.GetTimestamp();
        await cluster.UntilAsync(async () => (await EventTypesAsync()).Contains("budget_reached"), TimeSpan.FromMilliseconds(500));
        Assert.InRange(cluster.Clock.GetElapsedTime(began).TotalSeconds, 29, 40);
    }

    [Fact]
    public async Task It_ends_in_time_also_when_it_was_read_again_meanwhile()
    {
        await _jobs.Agent().RegisterAsync();
        await _jobs.SubmitAsync(JobFiles.Fixed(steps: 20).With("budget.maxDuration", "30s"));
        await cluster.Cluster.DeactivateAsync(_jobs.Job());
        await _jobs.ViewAsync();
        await cluster.UntilAsync(async () => (await EventTypesAsync()).Contains("budget_reached"), TimeSpan.FromMilliseconds(500));
    }

    [Fact]
    public async Task A_job_may_be_given_more_time_than_a_timer_can_count()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        await _jobs.SubmitAsync(JobFiles.Fixed(steps: 20).With("segmentSteps", 10).With("budget.maxDuration", "1000d"));
        Assert.Equal(CompletionVerdict.Accepted, (await agent.FinishAsync(await agent.TakeAsync())).Verdict);
    }

    [Fact]
    public async Task A_parent_whose_bytes_changed_is_made_again_and_its_bad_bytes_are_removed()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        await agent.FinishAsync(await agent.TakeAsync());
        Lease second = await agent.TakeAsync();
        string sha256 = second.Work.Parent!.Sha256;
        cluster.Blobs.Damage(sha256);
        await agent.TellAsync(second, TrainedSegment.Failed(0, "no_parent", workerFault: true));
        Assert.Null(await cluster.Blobs.LengthAsync(sha256, Ct));
        Assert.Contains("checkpoint_lost", await EventTypesAsync());
        Lease again = await agent.TakeAsync();
        Assert.Equal(0, again.Work.Segment);
        await agent.FinishAsync(again);
        SegmentWork child = (await agent.TakeAsync()).Work;
        Assert.Equal((1, sha256), (child.Segment, child.Parent!.Sha256));
    }

    [Fact]
    public async Task Siblings_that_wait_for_a_checkpoint_that_is_made_again_are_not_offered()
    {
        TestAgent agent = _jobs.Agent(slots: 3);
        await agent.RegisterAsync();
        await _jobs.SubmitAsync(JobFiles.Waves());
        foreach (Lease lease in (await agent.PollAsync(free: 3)).Leases)
        {
            await agent.FinishAsync(lease);
        }

        await agent.FinishAsync(await agent.TakeAsync());
        Lease probe = await agent.TakeAsync();
        Assert.Equal(2, (await _jobs.PoolGrain.StatsAsync()).Planned);
        cluster.Blobs.Damage(probe.Work.Parent!.Sha256);
        await agent.TellAsync(probe, TrainedSegment.Failed(0, "no_parent", workerFault: true));
        await cluster.UntilAsync(async () => (await _jobs.PoolGrain.StatsAsync()).Planned == 1);
    }

    [Fact]
    public async Task Whoever_waits_for_news_is_woken_by_an_event_and_by_progress_and_after_fifteen_seconds()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        Lease lease = await agent.TakeAsync();
        JobPulse now = await _jobs.Job().WaitAsync(0, 0, TestContext.Current.CancellationToken);
        Task<JobPulse> waiting = _jobs.Job().WaitAsync(now.Sequence, now.ProgressMark, TestContext.Current.CancellationToken);
        await agent.HeartbeatAsync(steps: 3, [lease]);
        JobPulse progress = await waiting;
        Assert.Contains("\"steps\":3", progress.Progress, StringComparison.Ordinal);
        waiting = _jobs.Job().WaitAsync(progress.Sequence, progress.ProgressMark, TestContext.Current.CancellationToken);
        await agent.FinishAsync(lease);
        Assert.True((await waiting).Sequence > progress.Sequence);
        JobPulse last = await _jobs.Job().WaitAsync(0, 0, TestContext.Current.CancellationToken);
        long began = cluster.Clock.GetTimestamp();
        waiting = _jobs.Job().WaitAsync(last.Sequence, last.ProgressMark, TestContext.Current.CancellationToken);
        await cluster.UntilAsync(() => Task.FromResult(waiting.IsCompleted), TimeSpan.FromMilliseconds(500));
        Assert.InRange(cluster.Clock.GetElapsedTime(began).TotalSeconds, 14, 30);
    }

    [Fact]
    public async Task A_job_that_is_read_again_and_again_ends_as_one_that_never_was()
    {
        JsonObject file = JobFiles.AutoLrs().With("segmentSteps", 7);
        TestAgent agent = _jobs.Agent(slots: 2);
        await agent.RegisterAsync();
        await _jobs.SubmitAsync(file);
        for (int turn = 0; !(await _jobs.Job().WaitAsync(0, 0, TestContext.Current.CancellationToken)).Ended; turn++)
        {
            Assert.True(turn < 500, "The job hangs.");
            Lease lease = await agent.TakeAsync();
            await agent.FinishAsync(lease, turn % 5 == 4 ? 1 : null);
            if (turn % 3 == 0)
            {
                await cluster.Cluster.DeactivateAsync(_jobs.Job());
            }

            if (turn % 7 == 0)
            {
                await cluster.Cluster.DeactivateAsync(_jobs.PoolGrain);
                await agent.HeartbeatAsync();
            }
        }

        IReadOnlyList<StoredEvent> events = await cluster.Store.EventsAsync(_jobs.Id(), 0, 10_000, Ct);
        JobPlacement placement = ((JobPlaced)JsonSerializer.Deserialize<JobEvent>(events.Single(e => e.Type == "job_placed").Payload, WireJson.Options)!).Placement;
        var undisturbed = new ByHand(_jobs.File(file), placement);
        undisturbed.RunToEnd();
        JobResult expected = undisturbed.Job.Result();
        JobResult actual = JsonSerializer.Deserialize<JobResult>((await cluster.Store.FindAsync(_jobs.Id(), Ct))!.Result!, WireJson.Options)!;
        Assert.Equal(expected.Checkpoint, actual.Checkpoint);
        Assert.Equal(expected.Steps, actual.Steps with { Lost = 0 });
        Assert.Equal(JsonSerializer.Serialize(expected.Stages, WireJson.Options), JsonSerializer.Serialize(actual.Stages, WireJson.Options));
        Assert.Equal(JsonSerializer.Serialize(expected.Schedule, WireJson.Options), JsonSerializer.Serialize(actual.Schedule, WireJson.Options));
        Assert.Equal(expected.Metrics, actual.Metrics);
    }

    private JobCommit[] Commits() => [.. cluster.Store.Commits.Where(commit => commit.Job.Id == _jobs.Id())];

    private async Task<IEnumerable<string>> EventTypesAsync() => (await cluster.Store.EventsAsync(_jobs.Id(), 0, 10_000, Ct)).Select(e => e.Type);
}
