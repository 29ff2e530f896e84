using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Faults;

public sealed class ShutdownTests : OwnSiloTest
{
    [Fact]
    public async Task SIGTERM_ends_a_silo_in_order_although_workers_poll_and_watchers_watch()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lease = await worker.LeaseOneAsync();
        Completion result = await worker.TrainAsync(lease);
        ProtocolWorker idle = await WorkerAsync("idle");
        using EventLines stream = await EventLines.OpenAsync(Silo.Address, job.Id);
        await stream.NextAsync("search_decided");
        Task<LeaseReply> poll = idle.LeaseAsync();
        await Eventually.HoldsAsync(() => Silo.Api.PoolsAsync(Ct), pools => pools.Any(pool => pool.Workers == 2), "two workers");

        // Ten seconds are what it gives itself; nothing of this needs them.
        Task<int> ended = Silo.TerminateAsync();
        Assert.Equal(0, await ended.WaitAsync(TimeSpan.FromSeconds(10), Ct));
        Assert.Empty((await poll).Leases);
        await stream.RestAsync();

        // What was taken is there again, and what was under way is still welcome.
        await Silo.StartAgainAsync();
        await worker.RegisterAsync(lease.Token);
        Assert.Equal(CompletionVerdict.Accepted, Assert.Single(await worker.CompleteAsync(result)).Verdict);
    }

    [Fact]
    public async Task SIGTERM_to_an_idle_silo_ends_it_with_its_log_folded_into_the_database()
    {
        await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Assert.Equal(0, await Silo.TerminateAsync());
        Assert.False(File.Exists(Path.Combine(Silo.Store, "jobs.db-wal")));
    }
}
