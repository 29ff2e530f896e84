using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Metrics;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Metrics;

/// <summary>A silo of its own, so that every number is that of these jobs; its tests run one after the other.</summary>
public sealed class CountedSilo() : OwnSilo(SiloUnderTest.ShortLeases);

public sealed class MetricsTests(CountedSilo own) : PooledTest, IClassFixture<CountedSilo>
{
    protected override Task<SiloUnderTest> FindSiloAsync() => Task.FromResult(own.Silo);

    [Fact]
    public async Task What_a_job_did_can_be_read_from_the_metrics()
    {
        Scrape before = await ScrapeAsync();
        JobResult result = await JobRun.ToEndAsync(Silo, Pool, QuadraticJobs.AutoLrs(Pool));
        JobView view = await ViewAsync(result.Job);
        Scrape after = await ScrapeAsync();
        Assert.Equal(1, Rise("orchestrator_jobs_ended_total", "status", "succeeded"));
        Assert.Equal(0, Rise("orchestrator_jobs", "status", "running"));
        Assert.Equal(view.Segments["succeeded"], Rise("orchestrator_segments_total", "outcome", "succeeded"));
        Assert.Equal(0, Rise("orchestrator_segments_total", "outcome", "lost"));
        Assert.Equal(result.Steps.Training, Rise("orchestrator_steps", "purse", "training"));
        Assert.Equal(result.Steps.Search, Rise("orchestrator_steps", "purse", "search"));
        Assert.Equal(0, Rise("orchestrator_steps", "purse", "lost"));
        Assert.InRange(Rise("orchestrator_decision_seconds_count"), result.Stages.Count, 1000);
        Assert.InRange(Rise("orchestrator_decision_seconds_sum"), 1e-6, 100);
        Assert.InRange(Rise("orchestrator_store_commit_seconds_count"), view.Segments["succeeded"], 1000);
        Assert.InRange(Rise("orchestrator_store_commit_seconds_sum"), 1e-6, 1000);

        double Rise(string name, string? label = null, string? value = null) => after[name, label, value] - before[name, label, value];
    }

    [Fact]
    public async Task Every_series_is_there_from_the_start()
    {
        Scrape scrape = await ScrapeAsync();
        foreach (string outcome in (string[])["succeeded", "diverged", "failed", "cancelled", "lost"])
        {
            Assert.True(scrape.Has("orchestrator_segments_total", "outcome", outcome), outcome);
        }

        foreach (string purse in (string[])["training", "search", "evaluation", "final", "lost"])
        {
            Assert.True(scrape.Has("orchestrator_steps", "purse", purse), purse);
        }

        foreach (string status in (string[])["unschedulable", "running", "paused"])
        {
            Assert.True(scrape.Has("orchestrator_jobs", "status", status), status);
        }
    }

    [Fact]
    public async Task Loss_and_rate_of_a_live_job_are_shown_and_vanish_when_it_ends()
    {
        ProtocolWorker worker = await WorkerAsync();
        double running = (await ScrapeAsync())["orchestrator_jobs", "status", "running"];
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Assert.Equal(running + 1, (await ScrapeAsync())["orchestrator_jobs", "status", "running"]);
        Lease lease = await worker.LeaseOneAsync();
        await worker.HeartbeatAsync(new LeaseProgress(lease.Token, 1, ["step", "rate", "loss"], [[0, 0.125, 3.5]]));
        Scrape live = await Eventually.HoldsAsync(ScrapeAsync, scrape => scrape.Has("orchestrator_job_loss", "job", job.Id), "the loss");
        Assert.Equal(3.5, live["orchestrator_job_loss", "job", job.Id]);
        Assert.Equal(0.125, live["orchestrator_job_learning_rate", "job", job.Id]);

        // The result says more than the progress did.
        await worker.FinishAsync(lease);
        live = await ScrapeAsync();
        Assert.Equal((await ViewAsync(job.Id)).Loss, live["orchestrator_job_loss", "job", job.Id]);
        Assert.Equal((await ViewAsync(job.Id)).LearningRate, live["orchestrator_job_learning_rate", "job", job.Id]);

        await worker.UntilEndAsync(Silo, job.Id);
        Scrape ended = await ScrapeAsync();
        Assert.False(ended.Has("orchestrator_job_loss", "job", job.Id));
        Assert.False(ended.Has("orchestrator_job_learning_rate", "job", job.Id));
        Assert.Equal(running, ended["orchestrator_jobs", "status", "running"]);
    }

    [Fact]
    public async Task The_queue_and_the_leases_of_a_pool_are_shown()
    {
        ProtocolWorker worker = await WorkerAsync(slots: 2);
        JobView job = await SubmitAsync(QuadraticJobs.AutoLrs(Pool, candidates: 5));
        LeaseReply reply = await worker.LeaseAsync(free: 2);
        Scrape scrape = await Eventually.HoldsAsync(
            ScrapeAsync, s => s.Has("orchestrator_leased_segments", "pool", Pool) && s["orchestrator_leased_segments", "pool", Pool] == 2, "two leases");
        Assert.Equal(3, scrape["orchestrator_queue_segments", "pool", Pool]);
        Assert.InRange(scrape["orchestrator_oldest_lease_seconds", "pool", Pool], 0.001, 6);
        Assert.Equal(1, scrape["orchestrator_workers", "pool", Pool]);
        Assert.Equal(2, scrape["orchestrator_slots", "pool", Pool]);

        // Leases left to expire would be counted as lost in the midst of another test.
        foreach (Lease lease in reply.Leases)
        {
            await worker.FinishAsync(lease);
        }

        await worker.UntilEndAsync(Silo, job.Id);
    }

    [Fact]
    public async Task The_meters_of_Orleans_are_exported_too()
    {
        await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Scrape scrape = await ScrapeAsync();
        Assert.InRange(scrape["microsoft_orleans_orleans_catalog_activations", "grain_type", "job"], 1, 1000);
    }

    private async Task<Scrape> ScrapeAsync() => Scrape.Read(await Http.GetStringAsync("/metrics", Ct));
}
