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
