using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Jobs;

namespace Orchestrator.Grains.Tests.Clusters;

/// <summary>A silo that ends does not wait for those who wait in it.</summary>
public sealed class SiloStopTests : IAsyncLifetime
{
    private readonly GrainCluster _cluster = new();

    public ValueTask InitializeAsync() => _cluster.InitializeAsync();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Polls_and_watchers_are_answered_although_the_clock_stands_still()
    {
        var jobs = new TestJobs(_cluster, "stop");
        TestAgent agent = jobs.Agent();
        await agent.RegisterAsync();
        Task<LeaseReply> poll = await agent.BeginPollAsync();
        TestAgent other = jobs.Agent("other");
        await other.RegisterAsync();
        await jobs.SubmitAsync();
        await poll;
        JobPulse now = await jobs.Job().WaitAsync(0, 0, TestContext.Current.CancellationToken);
        poll = await other.BeginPollAsync();
        Task<JobPulse> watcher = await _cluster.BeginAsync("IJobGrain.WaitAsync", () => jobs.Job().WaitAsync(now.Sequence, now.ProgressMark, TestContext.Current.CancellationToken));
        Assert.False(poll.IsCompleted || watcher.IsCompleted);
        CancellationToken ct = TestContext.Current.CancellationToken;
        await _cluster.Cluster.StopSiloAsync(_cluster.Cluster.Silos[0], ct).WaitAsync(TimeSpan.FromSeconds(30), ct);
        Assert.Empty((await poll).Leases);
        Assert.False((await watcher).Ended);
    }
}
