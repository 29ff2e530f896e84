using System.Net;
using System.Text.Json;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;

namespace Orchestrator.Silo.Tests.Api;

/// <summary>Other tests make jobs meanwhile: what is held is true of any list that is being added to.</summary>
public sealed class JobListTests(ServedSilo served) : ServedTest(served)
{
    [Fact]
    public async Task Pages_show_every_job_once_newest_first()
    {
        string[] mine = await SubmitAsync(5);
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            JsonElement page = await Http.GetAsync($"/v1/jobs?limit=2{(cursor is null ? "" : $"&cursor={cursor}")}", Ct).OkAsync();
            JsonElement[] items = [.. page.GetProperty("items").EnumerateArray()];
            Assert.InRange(items.Length, 1, 2);
            seen.AddRange(items.Select(item => item.Text("id")));
            cursor = page.TryGetProperty("next", out JsonElement next) ? next.GetString() : null;
        }
        while (cursor is not null);

        Assert.Equal(seen.Count, seen.Distinct().Count());
        Assert.Equal(mine.Reverse(), seen.Where(mine.Contains));
    }

    [Fact]
    public async Task A_status_shows_the_jobs_that_have_it_and_no_others()
    {
        string[] mine = await SubmitAsync(2);
        await Silo.Api.CancelAsync(mine[0], Ct);
        Assert.Equal([mine[0]], await WithStatusAsync(mine, "cancelled"));
        Assert.Equal([mine[1]], await WithStatusAsync(mine, "Unschedulable"));
        Assert.Empty(await WithStatusAsync(mine, "running"));
    }

    [Theory]
    [InlineData("status=finished")]
    [InlineData("status=3")]
    [InlineData("status=running,paused")]
    [InlineData("cursor=x")]
    [InlineData("cursor=-1")]
    [InlineData("limit=many")]
    [InlineData("limit=99999999999")]
    public async Task A_question_that_makes_no_sense_is_refused(string query)
    {
        JsonElement problem = await Http.GetAsync($"/v1/jobs?{query}", Ct).RefusedAsync(HttpStatusCode.BadRequest);
        Assert.Contains(query.Split('=')[0], problem.Detail());
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-5, 1)]
    [InlineData(1_000_000, 1000)]
    public async Task A_limit_out_of_range_is_moved_into_it(int limit, int most)
    {
        await SubmitAsync(2);
        JsonElement page = await Http.GetAsync($"/v1/jobs?limit={limit}", Ct).OkAsync();
        Assert.InRange(page.GetProperty("items").GetArrayLength(), 1, most);
    }

    private async Task<string[]> SubmitAsync(int count)
    {
        var ids = new List<string>();
        for (int i = 0; i < count; i++)
        {
            ids.Add((await SubmitAsync(QuadraticJobs.Fixed(Pool))).Id);
        }

        return [.. ids];
    }

    private async Task<IEnumerable<string>> WithStatusAsync(string[] mine, string status)
    {
        JsonElement page = await Http.GetAsync($"/v1/jobs?limit=1000&status={status}", Ct).OkAsync();
        Assert.All(page.GetProperty("items").EnumerateArray(), job => Assert.Equal(status, job.Text("status"), ignoreCase: true));
        return page.GetProperty("items").EnumerateArray().Select(job => job.Text("id")).Where(mine.Contains);
    }
}
