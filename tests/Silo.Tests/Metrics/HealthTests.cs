using System.Net;
using System.Text.Json;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;

namespace Orchestrator.Silo.Tests.Metrics;

public sealed class HealthTests : OwnSiloTest
{
    [Fact]
    public async Task A_silo_is_ready_while_its_store_takes_and_gives_and_alive_in_any_case()
    {
        JobView known = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Assert.Equal("ready", (await Http.GetAsync("/readyz", Ct).OkAsync()).Text("status"));
        string away = Folder.File("away");
        Directory.Move(Silo.Store, away);
        JsonElement problem = await Http.GetAsync("/readyz", Ct).RefusedAsync(HttpStatusCode.ServiceUnavailable);
        Assert.Contains("is gone", problem.Detail());
        Assert.Equal("ok", (await Http.GetAsync("/healthz", Ct).OkAsync()).Text("status"));

        // Nothing is taken that would be lost, and no empty store is made in its place.
        JsonElement refused = await Http.PostAsync("/v1/jobs", Answers.Json(QuadraticJobs.Fixed(Pool).ToJsonString()), Ct)
            .RefusedAsync(HttpStatusCode.ServiceUnavailable);
        Assert.Contains("is gone", refused.Detail());
        await Http.PostAsync($"/v1/jobs/{known.Id}:cancel", null, Ct).RefusedAsync(HttpStatusCode.ServiceUnavailable);
        Assert.False(Directory.Exists(Silo.Store));

        Directory.Move(away, Silo.Store);
        await Http.GetAsync("/readyz", Ct).OkAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Assert.Equal(2, (await Silo.Api.ListAsync(ct: Ct)).Items.Count);
        await Silo.KillAsync();
        await Silo.StartAgainAsync();
        Assert.Equal(job.Name, (await ViewAsync(job.Id)).Name);
    }

    [Fact]
    public async Task The_first_page_says_where_things_are()
    {
        JsonElement about = await Http.GetAsync("/", Ct).OkAsync();
        foreach (string what in (string[])["api", "jobs", "metrics"])
        {
            Assert.True((await Http.GetAsync(about.Text(what), Ct)).IsSuccessStatusCode, about.Text(what));
        }
    }
}
