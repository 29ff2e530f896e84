using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit.Processes;
using Orchestrator.TestKit.Processes.Kills;

namespace Orchestrator.EndToEnd.Tests.Kills;

/// <summary>Several agents at once: the same bits as with one, also while they come and go.</summary>
public sealed class TwoAgentsTests
{
    private static readonly TimeSpan Hangs = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Two_agents_give_the_bits_of_one_and_both_work()
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        UndisturbedRun one = await Undisturbed.KillJobAsync();
        await using ServedCluster cluster = await ServedCluster.StartAsync(LeaseTimes.Short, [1, 1], ct: ct);
        FollowedJob job = await FollowedJob.SubmitAsync(cluster.Api, KillJob.Spec, ct);
        JobResult two = await job.ResultAsync(Hangs, ct);
        Assert.Empty(ReproducibleResult.Differences(one.Result, two));
        Assert.Equal(0, two.Steps.Lost);
        Page<SegmentView> segments = await cluster.Api.SegmentsAsync(job.Id, 1000, ct: ct);
        Assert.Equal(["agent-0", "agent-1"], segments.Items.Select(segment => segment.Worker).Distinct().Order());
    }

    /// <summary>Nobody starts it again: when nothing was heard of its leases for long enough, the other one gets them.</summary>
    [Fact]
    public async Task An_agent_that_is_killed_for_good_leaves_its_segments_to_the_other()
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        UndisturbedRun undisturbed = await Undisturbed.KillJobAsync();
        await using ServedCluster cluster = await ServedCluster.StartAsync(LeaseTimes.Short, [1, 1], ct: ct);
        FollowedJob job = await FollowedJob.SubmitAsync(cluster.Api, KillJob.Spec, ct);
        await job.ReachesAsync(j => j.Count("segment_finished") >= 3);
        await cluster.Agents[1].KillAsync();
        JobResult result = await job.ResultAsync(Hangs, ct);
        Assert.Empty(ReproducibleResult.Differences(undisturbed.Result, result));
        Assert.InRange(result.Steps.Lost, 0, KillJob.SegmentSteps);
    }

    /// <summary>Its results come late, to segments that were run again meanwhile: they are duplicates, and change nothing.</summary>
    [Fact]
    public async Task An_agent_that_was_silent_for_longer_than_its_leases_comes_back_without_harm()
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        UndisturbedRun undisturbed = await Undisturbed.KillJobAsync();
        await using ServedCluster cluster = await ServedCluster.StartAsync(LeaseTimes.Short, [1, 1], ct: ct);
        FollowedJob job = await FollowedJob.SubmitAsync(cluster.Api, KillJob.Spec, ct);
        await job.ReachesAsync(j => j.Count("segment_finished") >= 3);
        cluster.Agents[1].Suspend();
        try
        {
            await job.ReachesAsync(j => j.Count("segment_retried") > 0);
        }
        finally
        {
            cluster.Agents[1].Resume();
        }

        JobResult result = await job.ResultAsync(Hangs, ct);
        Assert.Empty(ReproducibleResult.Differences(undisturbed.Result, result));
        Assert.Equal(JobStatus.Succeeded, result.Status);
    }

    /// <summary>A drained agent keeps the prefixes of what it ran: not a step is made twice.</summary>
    [Fact]
    public async Task An_agent_that_drains_and_another_that_takes_over_lose_no_step()
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        UndisturbedRun undisturbed = await Undisturbed.KillJobAsync();
        await using ServedCluster cluster = await ServedCluster.StartAsync(LeaseTimes.Short, [2], ct: ct);
        FollowedJob job = await FollowedJob.SubmitAsync(cluster.Api, KillJob.Spec, ct);
        await job.ReachesAsync(j => j.Count("segment_finished") >= 3);
        AgentProcess leaving = cluster.Agents[0];
        await leaving.DrainAsync();
        cluster.Agents.Remove(leaving);
        cluster.Add("successor", 2).Start();
        JobResult result = await job.ResultAsync(Hangs, ct);
        Assert.Empty(ReproducibleResult.Differences(undisturbed.Result, result));
        Assert.Equal(0, result.Steps.Lost);
    }
}
