using Orchestrator.Contracts.Jobs;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Metrics;

namespace Orchestrator.Silo.Tests.Metrics;

public sealed class RestartedMetricsTests : OwnSiloTest
{
    [Fact]
    public async Task A_silo_that_was_started_again_counts_the_jobs_that_live_and_not_those_that_ended()
    {
        await JobRun.ToEndAsync(Silo, Pool, QuadraticJobs.Fixed(Pool));
        JobView live = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        await Silo.KillAsync();
        await Silo.StartAgainAsync();
        await Eventually.HoldsAsync(
            ScrapeAsync, s => s["orchestrator_jobs", "status", "running"] + s["orchestrator_jobs", "status", "unschedulable"] == 1, $"job {live.Id}");
        foreach (JobView job in (await Silo.Api.ListAsync(ct: Ct)).Items)
        {
            await ViewAsync(job.Id);
        }

        Scrape scrape = await ScrapeAsync();
        Assert.Equal(0, scrape["orchestrator_jobs_ended_total", "status", "succeeded"]);
        Assert.Equal(1, scrape["orchestrator_jobs", "status", "running"] + scrape["orchestrator_jobs", "status", "unschedulable"]);
    }

    private async Task<Scrape> ScrapeAsync() => Scrape.Read(await Http.GetStringAsync("/metrics", Ct));
}
