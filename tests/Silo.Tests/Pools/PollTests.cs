using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Pools;

public sealed class PollTests(ServedSilo served) : ServedTest(served)
{
    [Fact]
    public async Task A_poll_waits_until_a_submission_wakes_it()
    {
        ProtocolWorker worker = await WorkerAsync();
        Task<LeaseReply> poll = worker.LeaseAsync();
        Assert.False(poll.IsCompleted);
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lease = Assert.Single((await poll).Leases);
        Assert.Equal((job.Id, 0, 0L), (lease.Work.Job, lease.Work.Segment, lease.Work.Start));
    }

    [Fact]
    public async Task A_job_without_a_worker_waits_and_is_placed_when_one_comes()
    {
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Assert.Equal(JobStatus.Unschedulable, job.Status);
        ProtocolWorker worker = await WorkerAsync();
        Assert.Equal(job.Id, (await worker.LeaseOneAsync()).Work.Job);
        Assert.Equal(JobStatus.Running, (await ViewAsync(job.Id)).Status);
    }

    [Fact]
    public async Task The_same_request_again_gets_the_same_leases()
    {
        ProtocolWorker worker = await WorkerAsync(slots: 2);
        await SubmitAsync(QuadraticJobs.AutoLrs(Pool, candidates: 4));
        LeaseReply first = await worker.LeaseAsync(free: 2, requestId: "once");
        LeaseReply again = await worker.LeaseAsync(free: 2, requestId: "once");
        Assert.Equal(2, first.Leases.Count);
        Assert.Equal(first.Leases.Select(lease => lease.Token), again.Leases.Select(lease => lease.Token));
        LeaseReply other = await worker.LeaseAsync(free: 2, requestId: "twice");
        Assert.Empty(first.Leases.Select(lease => lease.Token).Intersect(other.Leases.Select(lease => lease.Token)));
    }

    [Fact]
    public async Task A_lease_ahead_is_granted_only_while_more_waits_than_there_are_free_slots()
    {
        ProtocolWorker first = await WorkerAsync("first");
        ProtocolWorker second = await WorkerAsync("second");
        await SubmitAsync(QuadraticJobs.AutoLrs(Pool, candidates: 3));
        Assert.Equal(2, (await first.LeaseAsync(free: 1, ahead: 1)).Leases.Count);

        // One is left, and the second worker's slot is free for it.
        Assert.Single((await second.LeaseAsync(free: 1, ahead: 1)).Leases);

        await SubmitAsync(QuadraticJobs.AutoLrs(Pool, candidates: 2));
        ProtocolWorker third = await WorkerAsync("third", slots: 2);
        Assert.Equal(2, (await third.LeaseAsync(free: 2, ahead: 1)).Leases.Count);
    }

    [Fact]
    public async Task A_worker_that_left_while_it_polled_is_granted_nothing()
    {
        ProtocolWorker gone = await WorkerAsync("gone");
        ProtocolWorker there = await WorkerAsync("there");
        using (var leaves = new CancellationTokenSource())
        {
            Task<LeaseReply> poll = gone.PollAsync(leaves.Token);
            await Eventually.HoldsAsync(() => Silo.Api.PoolsAsync(Ct), pools => pools.Single(pool => pool.Pool == Pool).Workers == 2, "both workers");
            await leaves.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => poll);
        }

        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Assert.Equal(job.Id, (await there.LeaseOneAsync()).Work.Job);
    }

    [Fact]
    public async Task A_worker_that_is_not_known_is_told_so()
    {
        ProtocolWorker worker = NewWorker();
        Assert.True((await worker.LeaseAsync()).Unknown);
        Assert.True((await worker.HeartbeatAsync()).Unknown);
        await worker.RegisterAsync();
        Assert.False((await worker.HeartbeatAsync()).Unknown);
        worker.StartAnew();
        Assert.True((await worker.LeaseAsync()).Unknown);
    }

    [Fact]
    public async Task A_worker_gets_only_what_it_can_run()
    {
        ProtocolWorker able = await WorkerAsync("able");
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        ProtocolWorker other = NewWorker("other");
        OfferedTrainer trainer = other.Registration.Trainers[0];
        other.Registration = other.Registration with
        {
            Trainers = [trainer with { Description = trainer.Description with { Trainer = trainer.Description.Trainer with { Digest = "another" } } }],
        };
        await other.RegisterAsync();
        using var leaves = new CancellationTokenSource();
        Task<LeaseReply> poll = other.PollAsync(leaves.Token);
        Assert.Equal(job.Id, (await able.LeaseOneAsync()).Work.Job);
        Assert.False(poll.IsCompleted);
        await leaves.CancelAsync();
    }
}
