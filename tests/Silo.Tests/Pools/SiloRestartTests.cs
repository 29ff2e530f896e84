using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Pools;

/// <summary>A silo that was started again, and its workers.</summary>
public sealed class SiloRestartTests : OwnSiloTest
{
    /// <summary>A grace that no test outlasts: what is offered within it is offered for another reason.</summary>
    protected override IReadOnlyList<string> Options => ["--lease-seconds", "600", "--grace-seconds", "300", "--heartbeat-seconds", "1"];

    [Fact]
    public async Task A_silo_that_was_started_again_waits_until_its_workers_have_said_what_they_hold()
    {
        ProtocolWorker holds = await WorkerAsync("holds");
        ProtocolWorker free = await WorkerAsync("free");
        JobView job = await SubmitAsync(QuadraticJobs.AutoLrs(Pool, candidates: 2));
        Lease held = await holds.LeaseOneAsync();
        await Silo.KillAsync();
        await Silo.StartAgainAsync();

        // Two segments are planned, and one of them runs: which, only its worker can say.
        await free.HeartbeatAsync();
        Task<LeaseReply> poll = free.LeaseAsync(free: 2);
        Assert.Equal(JobStatus.Running, (await ViewAsync(job.Id)).Status);
        Assert.False(poll.IsCompleted);
        HeartbeatReply reply = await holds.HeartbeatAsync(new LeaseProgress(held.Token, 1));
        Assert.Empty(reply.Stops);
        Lease other = Assert.Single((await poll).Leases);
        Assert.NotEqual(held.Work.Segment, other.Work.Segment);
        Assert.Equal(CompletionVerdict.Accepted, (await holds.FinishAsync(held)).Verdict);
        Assert.Equal(0, (await ViewAsync(job.Id)).Steps.Lost);
    }

    [Fact]
    public async Task A_result_that_was_under_way_when_the_silo_died_is_taken_by_the_next()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Completion result = await worker.TrainAsync(await worker.LeaseOneAsync());
        await Silo.KillAsync();
        await Silo.StartAgainAsync();
        Assert.Equal(CompletionVerdict.Accepted, Assert.Single(await worker.CompleteAsync(result)).Verdict);
        Assert.Equal(result.Steps, (await ViewAsync(job.Id)).Step);
    }

    [Fact]
    public async Task What_was_paused_is_paused_still()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        await Silo.Api.PauseAsync(job.Id, Ct);
        await Silo.KillAsync();
        await Silo.StartAgainAsync();
        Assert.Equal(JobStatus.Paused, (await ViewAsync(job.Id)).Status);
        await worker.HeartbeatAsync();
        Task<LeaseReply> poll = worker.LeaseAsync();
        await Silo.Api.ResumeAsync(job.Id, Ct);
        Assert.Single((await poll).Leases);
    }
}
