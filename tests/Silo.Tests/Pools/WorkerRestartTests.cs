using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Pools;

public sealed class WorkerRestartTests(ServedSilo served) : ServedTest(served)
{
    [Fact]
    public async Task A_worker_that_was_started_again_releases_at_once_what_it_held()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lease = await worker.LeaseOneAsync();
        worker.StartAnew();
        await worker.RegisterAsync();
        Lease again = await worker.LeaseOneAsync();
        Assert.Equal(lease.Work.Segment, again.Work.Segment);
        Assert.NotEqual(lease.Token, again.Token);
        Assert.Equal(0, (await ViewAsync(job.Id)).Steps.Lost);
    }

    [Fact]
    public async Task What_it_has_spooled_stays_its_own()
    {
        ProtocolWorker worker = await WorkerAsync(slots: 2);
        JobView job = await SubmitAsync(QuadraticJobs.AutoLrs(Pool, candidates: 2));
        LeaseReply held = await worker.LeaseAsync(free: 2);
        Completion spooled = await worker.TrainAsync(held.Leases[0]);
        worker.StartAnew();
        await worker.RegisterAsync(spooled.Token);
        LeaseReply again = await worker.LeaseAsync(free: 2);
        Assert.Equal(held.Leases[1].Work.Segment, Assert.Single(again.Leases).Work.Segment);
        Assert.Equal(CompletionVerdict.Accepted, Assert.Single(await worker.CompleteAsync(spooled)).Verdict);
        Assert.Equal(0, (await ViewAsync(job.Id)).Steps.Lost);
    }
}
