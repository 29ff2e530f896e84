using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Api;

public sealed class EventStreamTests(ServedSilo served) : ServedTest(served)
{
    [Fact]
    public async Task A_finished_job_tells_its_whole_history_and_the_stream_ends()
    {
        string job = await Served.FinishedAsync("autolrs");
        List<EventLine> events = await ReadAsync(job);
        Assert.Equal(Enumerable.Range(1, events.Count).Select(i => (long?)i), events.Select(e => e.Id));
        Assert.Equal("job_submitted", events[0].Type);
        Assert.Single(events, e => e.Type == "job_placed");
        Assert.Equal("job_ended", events[^1].Type);
        Assert.Equal((await ViewAsync(job)).Sequence, events[^1].Id);
        Assert.All(events, e => Assert.Equal(e.Type, JsonSerializer.Deserialize<JsonElement>(e.Data).Text("type")));

        // Every decision says why.
        EventLine[] decided = [.. events.Where(e => e.Type == "search_decided")];
        Assert.NotEmpty(decided);
        Assert.All(decided, e => Assert.NotEmpty(JsonSerializer.Deserialize<JsonElement>(e.Data).GetProperty("decision").Text("reason")));
    }

    [Fact]
    public async Task It_resumes_after_any_event()
    {
        string job = await Served.FinishedAsync("fixed");
        List<EventLine> whole = await ReadAsync(job);
        for (int last = 0; last <= whole.Count; last++)
        {
            Assert.Equal(whole.Skip(last), await ReadAsync(job, last));
        }

        Assert.Empty(await ReadAsync(job, last: 1_000_000));
    }

    [Fact]
    public async Task It_begins_after_an_event_that_the_address_names()
    {
        string job = await Served.FinishedAsync("fixed");
        string all = await Http.GetStringAsync($"/v1/jobs/{job}/events", Ct);
        string some = await Http.GetStringAsync($"/v1/jobs/{job}/events?after=3", Ct);
        Assert.Equal(all[all.IndexOf("id: 4\n", StringComparison.Ordinal)..], some[some.IndexOf("id: ", StringComparison.Ordinal)..]);

        // The header is newer than the address: it is what a browser sends when it reconnects.
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/jobs/{job}/events?after=3") { Headers = { { "Last-Event-ID", "5" } } };
        using HttpResponseMessage response = await Http.SendAsync(request, Ct);
        Assert.StartsWith("id: 6\n", (await response.Content.ReadAsStringAsync(Ct))[": connected\n\n".Length..]);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("99999999999999999999")]
    public async Task A_last_event_that_is_no_number_is_refused(string last)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/jobs/{await Served.FinishedAsync("fixed")}/events");
        request.Headers.TryAddWithoutValidation("Last-Event-ID", last);
        await Http.SendAsync(request, Ct).RefusedAsync(HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_watcher_whose_connection_is_cut_again_and_again_misses_and_repeats_nothing(int seed)
    {
        var random = new Random(seed);
        JobView job = await SubmitAsync(QuadraticJobs.AutoLrs(Pool));
        using ProtocolWorker worker = NewWorker();
        Task<JobResult> running = worker.UntilEndAsync(Silo, job.Id);
        var seen = new List<EventLine>();
        bool ended = false;
        while (!ended)
        {
            using EventLines stream = await EventLines.OpenAsync(Silo.Address, job.Id, seen.Count == 0 ? null : seen[^1].Id);
            int patience = random.Next(1, 30);
            for (int i = 0; i < patience && !ended; i++)
            {
                EventLine? line = await stream.NextAsync();
                ended = line is null;
                if (line is { Id: not null })
                {
                    seen.Add(line);
                }
            }

            stream.Cut();
        }

        await running;
        Assert.Equal(await ReadAsync(job.Id), seen);
    }

    [Fact]
    public async Task Progress_is_shown_as_it_comes_and_has_no_id()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        using EventLines stream = await EventLines.OpenAsync(Silo.Address, job.Id);
        Lease lease = await worker.LeaseOneAsync();
        await worker.HeartbeatAsync(new LeaseProgress(lease.Token, 2, ["step", "rate", "loss"], [[0, 0.1, 3.5], [1, 0.1, null]]));
        EventLine progress = await stream.NextAsync("progress");
        Assert.Null(progress.Id);
        JsonObject shown = JsonNode.Parse(progress.Data)!["segments"]!.AsArray().Single()!.AsObject();
        Assert.Equal((0, 2, "path"), ((int)shown["segment"]!, (int)shown["steps"]!, (string)shown["role"]!));
        Assert.Equal("[[0,0.1,3.5],[1,0.1,null]]", shown["points"]!.ToJsonString());

        // Who comes later sees the newest, and a result ends it.
        using EventLines late = await EventLines.OpenAsync(Silo.Address, job.Id, job.Sequence);
        Assert.Equal(progress.Data, (await late.NextAsync("progress")).Data);
        await worker.FinishAsync(lease);
        Assert.NotNull((await late.NextAsync("segment_finished")).Id);
    }

    [Fact]
    public async Task A_stream_on_which_nothing_happens_is_kept_alive_by_comments()
    {
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        using EventLines stream = await EventLines.OpenAsync(Silo.Address, job.Id, job.Sequence);
        Assert.Equal("connected", (await stream.NextAsync())!.Data);

        // 15 s are promised; twice that says it does not come.
        EventLine? comment = await stream.NextAsync().WaitAsync(TimeSpan.FromSeconds(30), Ct);
        Assert.Equal(new EventLine(null, "comment", "still here"), comment);
    }

    [Fact]
    public async Task A_watcher_of_a_job_that_is_cancelled_hears_it_and_the_stream_ends()
    {
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        using EventLines stream = await EventLines.OpenAsync(Silo.Address, job.Id);
        await Silo.Api.CancelAsync(job.Id, Ct);
        Assert.Equal("job_ended", (await stream.RestAsync())[^1].Type);
    }

    private async Task<List<EventLine>> ReadAsync(string job, long? last = null)
    {
        using EventLines stream = await EventLines.OpenAsync(Silo.Address, job, last);
        return [.. (await stream.RestAsync()).Where(line => line.Type is not ("comment" or "progress"))];
    }
}
