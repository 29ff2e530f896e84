using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Storage;
using Orchestrator.Grains.Tests.Driving;
using Orchestrator.TestKit.Training;

namespace Orchestrator.Grains.Tests.Clusters;

/// <summary>Leases as agents see them: polls, heartbeats, silence, restarts on either side.</summary>
[Collection(OneCluster.Name)]
public sealed class PoolGrainTests(GrainCluster cluster)
{
    private readonly TestJobs _jobs = new(cluster, "pool");

    [Fact]
    public async Task A_worker_that_is_not_known_is_told_so()
    {
        Assert.True((await _jobs.Agent().PollAsync()).Unknown);
        Assert.True((await _jobs.Agent().HeartbeatAsync()).Unknown);
        WorkerRegistered registered = await _jobs.Agent().RegisterAsync();
        Assert.Equal((10.0, 60.0), (registered.HeartbeatSeconds, registered.LeaseSeconds));
        Assert.False((await _jobs.Agent().HeartbeatAsync()).Unknown);
        Assert.True((await _jobs.Agent(instance: "i2").HeartbeatAsync()).Unknown);
    }

    /// <summary>Each would lose the other's leases in turn, and the jobs would be said to kill their workers.</summary>
    [Fact]
    public async Task Of_two_agents_with_one_name_the_first_is_told_that_it_is_taken()
    {
        await _jobs.Agent().RegisterAsync();
        await _jobs.Agent(instance: "i2").RegisterAsync();
        Assert.Null(await _jobs.Agent().TryRegisterAsync());
        Assert.NotNull(await _jobs.Agent(instance: "i2").TryRegisterAsync());
    }

    [Fact]
    public async Task A_poll_waits_for_work_and_gets_it_when_it_comes()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        Task<LeaseReply> poll = await agent.BeginPollAsync();
        Assert.False(poll.IsCompleted);
        await _jobs.SubmitAsync();
        Lease lease = Assert.Single((await poll).Leases);
        Assert.Equal((_jobs.Id(), 0), (lease.Work.Job, lease.Work.Segment));
        Assert.Equal((1, 0), ((await _jobs.PoolGrain.StatsAsync()).Leased, (await _jobs.PoolGrain.StatsAsync()).Planned));
    }

    [Fact]
    public async Task A_poll_without_work_is_answered_after_fifteen_seconds()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        long began = cluster.Clock.GetTimestamp();
        LeaseReply reply = await agent.AskAsync();
        Assert.Empty(reply.Leases);
        Assert.False(reply.Unknown);
        Assert.InRange(cluster.Clock.GetElapsedTime(began).TotalSeconds, 15, 60);
    }

    [Fact]
    public async Task The_same_request_again_gets_the_same_leases()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        LeaseReply first = await agent.PollAsync(request: "r");
        LeaseReply again = await agent.PollAsync(request: "r");
        Assert.Equal(Assert.Single(first.Leases).Token, Assert.Single(again.Leases).Token);
        Assert.Equal(1, (await _jobs.PoolGrain.StatsAsync()).Leased);
    }

    [Fact]
    public async Task Of_two_polls_of_a_worker_only_the_newer_is_granted_anything()
    {
        TestAgent agent = _jobs.Agent(slots: 2);
        await agent.RegisterAsync();
        Task<LeaseReply> older = await agent.BeginPollAsync();
        Task<LeaseReply> newer = await agent.BeginPollAsync();
        Assert.Empty((await older).Leases);
        await _jobs.SubmitAsync();
        Assert.Single((await newer).Leases);
    }

    [Fact]
    public async Task A_lease_of_which_nothing_is_heard_for_a_minute_is_lost_and_its_segment_offered_again()
    {
        TestAgent silent = _jobs.Agent("silent");
        await silent.RegisterAsync();
        await _jobs.SubmitAsync();
        Lease lease = await silent.TakeAsync();
        await silent.HeartbeatAsync(steps: 7, [lease]);
        TestAgent other = _jobs.Agent("other");
        await other.RegisterAsync();
        Lease again = await UntilGrantedAsync(other);
        Assert.Equal((0, 7L), (again.Work.Segment, (await _jobs.ViewAsync()).Steps.Lost));
        Assert.Equal(StopReason.Superseded, Assert.Single((await silent.HeartbeatAsync(lease)).Stops).Reason);
    }

    [Fact]
    public async Task A_segment_that_is_lost_with_worker_after_worker_that_drained_does_not_fail_its_job()
    {
        await _jobs.SubmitAsync();
        for (int i = 0; i < 4; i++)
        {
            TestAgent draining = _jobs.Agent($"draining-{i}");
            await draining.RegisterAsync();
            Lease lease = await UntilGrantedAsync(draining);
            Assert.Equal(0, lease.Work.Segment);
            await draining.DrainAsync(lease);
        }

        TestAgent last = _jobs.Agent("last");
        await last.RegisterAsync();
        Lease again = await UntilGrantedAsync(last);
        Assert.Equal(CompletionVerdict.Accepted, (await last.FinishAsync(again)).Verdict);
        Assert.Equal(JobStatus.Running, (await _jobs.ViewAsync()).Status);
    }

    [Fact]
    public async Task Heartbeats_keep_a_lease_for_as_long_as_they_come()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        Lease lease = await agent.TakeAsync();
        for (int i = 0; i < 30; i++)
        {
            await cluster.AdvanceAsync(TimeSpan.FromSeconds(10));
            Assert.Empty((await agent.HeartbeatAsync(lease)).Stops);
        }

        Assert.Equal(0, (await _jobs.ViewAsync()).Steps.Lost);
        Assert.Equal(CompletionVerdict.Accepted, (await agent.FinishAsync(lease)).Verdict);
    }

    [Fact]
    public async Task A_worker_with_nothing_to_do_counts_for_as_long_as_it_beats()
    {
        TestAgent idle = _jobs.Agent();
        await idle.RegisterAsync();
        for (int i = 0; i < 15; i++)
        {
            await cluster.AdvanceAsync(TimeSpan.FromSeconds(10));
            await idle.HeartbeatAsync();
        }

        await _jobs.SubmitAsync();
        Assert.Equal(JobStatus.Running, (await _jobs.ViewAsync()).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_job_that_found_its_only_worker_silent_is_placed_when_that_is_heard_again(bool byHeartbeat)
    {
        TestAgent silent = _jobs.Agent();
        await silent.RegisterAsync();
        await cluster.AdvanceAsync(TimeSpan.FromMinutes(2));
        await _jobs.SubmitAsync();
        Assert.Equal(JobStatus.Unschedulable, (await _jobs.ViewAsync()).Status);
        if (byHeartbeat)
        {
            await silent.HeartbeatAsync();
        }

        Assert.Equal(0, (await silent.TakeAsync()).Work.Segment);
    }

    [Fact]
    public async Task After_a_restart_a_poll_alone_brings_nothing_that_may_be_running()
    {
        // Two slots, one of them busy: the silo is gone and back, and the free slot asks before the agent has said what
        // the other one runs.
        TestAgent agent = _jobs.Agent(slots: 2);
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        Lease running = await agent.TakeAsync();
        await cluster.Cluster.DeactivateAsync(_jobs.PoolGrain);
        Task<LeaseReply> poll = await agent.BeginPollAsync();
        Assert.False(poll.IsCompleted);
        Assert.Empty((await agent.HeartbeatAsync(running)).Stops);
        Assert.Equal(["w"], (await _jobs.PoolGrain.LeasedAsync(_jobs.Id())).Values);
        Assert.Equal(CompletionVerdict.Accepted, (await agent.FinishAsync(running)).Verdict);
        Assert.Equal(1, Assert.Single((await poll).Leases).Work.Segment);
        Assert.Equal(0, (await _jobs.ViewAsync()).Steps.Lost);
    }

    [Fact]
    public async Task After_a_restart_what_nobody_claims_is_offered_when_the_grace_is_over()
    {
        TestAgent gone = _jobs.Agent("gone");
        await gone.RegisterAsync();
        await _jobs.SubmitAsync();
        await gone.TakeAsync();
        await cluster.Cluster.DeactivateAsync(_jobs.PoolGrain);
        TestAgent other = _jobs.Agent("other");
        await other.RegisterAsync();
        await other.HeartbeatAsync();
        long began = cluster.Clock.GetTimestamp();
        Task<LeaseReply> poll = await other.BeginPollAsync();

        // In small steps: the threads must keep up with the clock.
        await cluster.UntilAsync(() => Task.FromResult(poll.IsCompleted), TimeSpan.FromMilliseconds(50));
        Assert.Equal(0, Assert.Single((await poll).Leases).Work.Segment);
        Assert.InRange(cluster.Clock.GetElapsedTime(began).TotalSeconds, 11, 14.9);
    }

    [Fact]
    public async Task After_a_restart_what_is_new_is_offered_at_once()
    {
        TestAgent agent = _jobs.Agent(slots: 2);
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        await agent.TakeAsync();
        await cluster.Cluster.DeactivateAsync(_jobs.PoolGrain);
        Task<LeaseReply> poll = await agent.BeginPollAsync();
        await _jobs.SubmitAsync(number: 1);
        Assert.Equal(_jobs.Id(1), Assert.Single((await poll).Leases).Work.Job);
    }

    [Fact]
    public async Task A_new_run_of_an_agent_releases_at_once_what_its_spool_does_not_hold()
    {
        TestAgent agent = _jobs.Agent(slots: 2);
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        await _jobs.SubmitAsync(number: 1);
        Lease spooled = await agent.TakeAsync();
        Lease lost = await agent.TakeAsync();
        TrainedSegment result = await agent.TrainAsync(spooled.Work);
        TestAgent again = _jobs.Agent(instance: "i2", slots: 2);
        await again.RegisterAsync(spooled);
        Lease offered = await again.TakeAsync();
        Assert.Equal((lost.Work.Job, lost.Work.Segment), (offered.Work.Job, offered.Work.Segment));
        Assert.Equal(CompletionVerdict.Accepted, (await again.TellAsync(spooled, result)).Verdict);
    }

    [Fact]
    public async Task A_paused_jobs_worker_is_told_to_stop_and_to_keep_what_it_has()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        Lease lease = await agent.TakeAsync();
        await _jobs.Job().ControlAsync(JobCommand.Pause, "somebody");
        Assert.Equal(StopReason.Paused, Assert.Single((await agent.HeartbeatAsync(lease)).Stops).Reason);

        // Also after a restart of the pool, which remembers nothing.
        await cluster.Cluster.DeactivateAsync(_jobs.PoolGrain);
        Assert.Equal(StopReason.Paused, Assert.Single((await agent.HeartbeatAsync(lease)).Stops).Reason);
        Assert.Equal(CompletionVerdict.Accepted, (await agent.FinishAsync(lease, stopAfter: 4)).Verdict);
        Assert.Empty((await agent.AskAsync()).Leases);
        await _jobs.Job().ControlAsync(JobCommand.Resume, "somebody");
        Lease rest = await agent.TakeAsync();
        Assert.Equal((4L, 6L), (rest.Work.Start, rest.Work.Steps));
    }

    [Fact]
    public async Task A_segment_that_was_resumed_while_it_was_still_leased_is_not_run_again_when_it_ends()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        Lease lease = await agent.TakeAsync();
        await _jobs.Job().ControlAsync(JobCommand.Pause, "somebody");
        await _jobs.Job().ControlAsync(JobCommand.Resume, "somebody");
        Assert.Empty((await agent.HeartbeatAsync(lease)).Stops);
        await agent.FinishAsync(lease);
        Assert.Equal(1, (await agent.TakeAsync()).Work.Segment);
    }

    [Fact]
    public async Task A_cancelled_jobs_worker_is_told_so_and_nothing_of_it_is_offered()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        Lease lease = await agent.TakeAsync();
        await _jobs.Job().ControlAsync(JobCommand.Cancel, "somebody");
        Assert.Equal(StopReason.Cancelled, Assert.Single((await agent.HeartbeatAsync(lease)).Stops).Reason);
        Assert.Equal(0, (await _jobs.PoolGrain.StatsAsync()).Planned);
    }

    [Fact]
    public async Task When_a_lease_that_was_given_up_brings_the_result_the_other_one_is_told_to_stop()
    {
        TestAgent slow = _jobs.Agent("slow");
        await slow.RegisterAsync();
        await _jobs.SubmitAsync();
        Lease first = await slow.TakeAsync();
        TestAgent other = _jobs.Agent("other");
        await other.RegisterAsync();
        Lease second = await UntilGrantedAsync(other);
        Assert.Equal(CompletionVerdict.Accepted, (await slow.FinishAsync(first)).Verdict);
        Assert.Equal(StopReason.Superseded, Assert.Single((await other.HeartbeatAsync(second)).Stops).Reason);
    }

    [Fact]
    public async Task The_token_of_another_worker_and_a_token_that_was_never_signed_are_superseded()
    {
        TestAgent agent = _jobs.Agent();
        TestAgent thief = _jobs.Agent("thief");
        await agent.RegisterAsync();
        await thief.RegisterAsync();
        await _jobs.SubmitAsync();
        Lease lease = await agent.TakeAsync();
        Assert.Equal(StopReason.Superseded, Assert.Single((await thief.HeartbeatAsync(lease)).Stops).Reason);
        Assert.Equal(StopReason.Superseded, Assert.Single((await agent.HeartbeatAsync(lease with { Token = "x.y" })).Stops).Reason);
        Assert.Equal(1, (await _jobs.PoolGrain.StatsAsync()).Leased);
    }

    [Fact]
    public async Task A_worker_that_failed_by_its_own_fault_rests_for_five_seconds()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        Lease lease = await agent.TakeAsync();
        await agent.TellAsync(lease, TrainedSegment.Failed(0, "spawn", workerFault: true));
        long began = cluster.Clock.GetTimestamp();
        Assert.Equal(0, (await agent.TakeAsync()).Work.Segment);
        Assert.InRange(cluster.Clock.GetElapsedTime(began).TotalSeconds, 5, 14.9);
    }

    [Fact]
    public async Task A_refresh_of_the_queue_does_not_bring_back_what_ended_while_it_read()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        Lease lease = await agent.TakeAsync();
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Store.AfterQueue = async () =>
        {
            read.TrySetResult();
            await answered.Task;
        };
        try
        {
            await cluster.UntilAsync(
                async () =>
                {
                    await agent.HeartbeatAsync(lease);
                    return read.Task.IsCompleted;
                },
                TimeSpan.FromSeconds(5));
            await agent.FinishAsync(lease);
            Lease second = await agent.TakeAsync();
            await agent.FinishAsync(second);
        }
        finally
        {
            cluster.Store.AfterQueue = null;
            answered.SetResult();
        }

        Lease final = await agent.TakeAsync();
        Assert.Equal(0, final.Work.Steps);
        await cluster.UntilAsync(() => Task.FromResult(true));
        Assert.True((await _jobs.PoolGrain.StatsAsync()).Planned <= 1);
    }

    [Fact]
    public async Task What_was_planned_behind_the_pools_back_is_found_within_half_a_minute()
    {
        TestAgent agent = _jobs.Agent();
        await agent.RegisterAsync();
        await _jobs.SubmitAsync();
        await _jobs.PoolGrain.StopAsync(_jobs.Id(), null, null);
        Assert.Equal(0, (await _jobs.PoolGrain.StatsAsync()).Planned);
        Lease lease = await UntilGrantedAsync(agent);
        Assert.Equal(0, lease.Work.Segment);
    }

    [Fact]
    public async Task A_job_that_waited_for_a_worker_is_placed_when_one_registers()
    {
        await _jobs.SubmitAsync();
        Contracts.Jobs.JobView view = await _jobs.ViewAsync();
        Assert.Equal(Contracts.Jobs.JobStatus.Unschedulable, view.Status);
        Assert.Contains($"No worker is registered in pool '{_jobs.Pool}'", view.Reason!.Message, StringComparison.Ordinal);
        await _jobs.Agent().RegisterAsync();
        await cluster.UntilAsync(async () => (await _jobs.ViewAsync()).Status == Contracts.Jobs.JobStatus.Running);
    }

    [Fact]
    public async Task Labels_of_a_job_hold_for_every_lease()
    {
        TestAgent plain = _jobs.Agent("a");
        await plain.RegisterAsync();
        var labelled = new TestAgent(cluster, _jobs.Pool, "b")
        {
            Registration = plain.Registration with { Labels = new Dictionary<string, string> { ["gpu"] = "h100" } },
        };
        await labelled.RegisterAsync();
        await _jobs.SubmitAsync(JobFiles.Fixed(steps: 20).With("resources.labels", new System.Text.Json.Nodes.JsonObject { ["gpu"] = "h100" }));
        Task<LeaseReply> unfit = await plain.BeginPollAsync();
        Assert.Single((await labelled.PollAsync()).Leases);
        Assert.False(unfit.IsCompleted);
    }

    /// <summary>Asks again and again until something is granted; the clock moves with each poll.</summary>
    private static async Task<Lease> UntilGrantedAsync(TestAgent agent)
    {
        for (int i = 0; i < 10; i++)
        {
            LeaseReply reply = await agent.AskAsync();
            if (reply.Leases.Count > 0)
            {
                return Assert.Single(reply.Leases);
            }
        }

        throw new InvalidOperationException("Nothing was granted.");
    }
}
