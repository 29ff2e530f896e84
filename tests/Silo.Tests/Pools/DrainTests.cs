using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Pools;

/// <summary>A worker that goes away in order costs nothing.</summary>
public sealed class DrainTests(ServedSilo served) : ServedTest(served)
{
    [Fact]
    public async Task What_it_had_not_begun_is_offered_again_at_once()
    {
        ProtocolWorker drained = await WorkerAsync("drained");
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lease = await drained.LeaseOneAsync();
        await drained.CompleteAsync(new Completion { Token = lease.Token, Outcome = CompletionOutcome.Released, Steps = 0 });
        Lease again = await (await WorkerAsync("other")).LeaseOneAsync();
        Assert.Equal(lease.Work.Identity, again.Work.Identity);
        Assert.Equal(0, (await ViewAsync(job.Id)).Steps.Lost);
    }

    [Fact]
    public async Task What_it_had_begun_is_kept_as_far_as_it_came_and_the_end_is_the_same()
    {
        ProtocolWorker drained = await WorkerAsync("drained");
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lease = await drained.LeaseOneAsync();
        Completion prefix = await drained.TrainAsync(lease with { Work = lease.Work with { Steps = 2, Output = true } });
        Assert.Equal(CompletionVerdict.Accepted, Assert.Single(await drained.CompleteAsync(prefix)).Verdict);
        JobResult result = await NewWorker("other").UntilEndAsync(Silo, job.Id);
        JobResult undisturbed = await Silo.Api.ResultAsync(await Served.FinishedAsync("fixed"), Ct);
        Assert.Equal(0, result.Steps.Lost);
        Assert.Equal(Essence.Of(undisturbed), Essence.Of(result));
    }
}
