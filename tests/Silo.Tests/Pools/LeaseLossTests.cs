using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Pools;

/// <summary>Leases of two seconds, since these tests wait for them to end.</summary>
public sealed class ShortLeases() : OwnSilo("--lease-seconds", "2", "--grace-seconds", "0.5", "--heartbeat-seconds", "0.5");

public sealed class LeaseLossTests(ShortLeases own) : PooledTest, IClassFixture<ShortLeases>
{
    protected override Task<SiloUnderTest> FindSiloAsync() => Task.FromResult(own.Silo);

    [Fact]
    public async Task A_worker_that_falls_silent_loses_its_lease_and_another_gets_the_segment()
    {
        ProtocolWorker silent = await WorkerAsync("silent");
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lost = await silent.LeaseOneAsync();
        await silent.HeartbeatAsync(new LeaseProgress(lost.Token, 2));
        ProtocolWorker other = await WorkerAsync("other");
        Lease again = await other.LeaseOneAsync();
        Assert.Equal(lost.Work.Segment, again.Work.Segment);
        Assert.NotEqual(lost.Token, again.Token);

        // What it had done by its last word is lost, and it is told so when it is heard again.
        Assert.Equal(2, (await ViewAsync(job.Id)).Steps.Lost);
        HeartbeatReply reply = await silent.HeartbeatAsync(new LeaseProgress(lost.Token, 3));
        Assert.Equal(new LeaseStop(lost.Token, StopReason.Superseded), Assert.Single(reply.Stops));
        Assert.Equal(CompletionVerdict.Accepted, (await other.FinishAsync(again)).Verdict);
        Assert.Equal(JobStatus.Succeeded, (await other.UntilEndAsync(Silo, job.Id)).Status);
    }

    [Fact]
    public async Task A_segment_that_is_lost_three_times_in_a_row_kills_its_workers_and_fails_the_job()
    {
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        for (int times = 1; times <= 3; times++)
        {
            await (await WorkerAsync($"victim{times}")).LeaseOneAsync();
        }

        await JobRun.EndedAsync(Silo.Api, job.Id);
        JobResult result = await Silo.Api.ResultAsync(job.Id, Ct);
        Assert.Equal(JobStatus.Failed, result.Status);
        Assert.Contains("lost 3 times in a row", result.Error!.Message);
    }

    [Fact]
    public async Task Heartbeats_keep_a_lease_for_as_long_as_it_takes()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lease = await worker.LeaseOneAsync();
        ProtocolWorker other = await WorkerAsync("other");
        using var leaves = new CancellationTokenSource();
        Task<LeaseReply> poll = other.PollAsync(leaves.Token);
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(250), TimeProvider.System);
        for (int beats = 0; beats < 16; beats++)
        {
            await beat.WaitForNextTickAsync(Ct);
            Assert.Empty((await worker.HeartbeatAsync(new LeaseProgress(lease.Token, beats))).Stops);
        }

        Assert.False(poll.IsCompleted);
        await leaves.CancelAsync();
        Assert.Equal(CompletionVerdict.Accepted, (await worker.FinishAsync(lease)).Verdict);
        Assert.Equal(0, (await ViewAsync(job.Id)).Steps.Lost);
    }
}
