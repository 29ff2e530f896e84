using System.Net;
using System.Text.Json;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Api;

public sealed class JobDataTests(ServedSilo served) : ServedTest(served)
{
    [Fact]
    public async Task Segments_come_in_pages_by_number_with_all_that_is_known_of_them()
    {
        string job = await Served.FinishedAsync("autolrs");
        var seen = new List<SegmentView>();
        string? cursor = null;
        do
        {
            Page<SegmentView> page = await Silo.Api.SegmentsAsync(job, 7, cursor, Ct);
            Assert.InRange(page.Items.Count, page.Next is null ? 0 : 7, 7);
            seen.AddRange(page.Items);
            cursor = page.Next;
        }
        while (cursor is not null);

        Assert.Equal(Enumerable.Range(0, seen.Count), seen.Select(segment => segment.Segment));
        JobView view = await ViewAsync(job);
        Assert.Equal(view.Segments["succeeded"], seen.Count(segment => segment.State == "succeeded"));
        Assert.Equal(view.Steps.Training + view.Steps.Search, seen.Sum(segment => segment.Steps));
        Assert.Equal(["final", "path", "probe"], seen.Select(segment => segment.Role).Distinct().Order(StringComparer.Ordinal));
        Assert.All(seen, segment =>
        {
            Assert.Equal($"{job}/{segment.Segment}", segment.Id);
            Assert.Equal(64, segment.Identity.Length);
            Assert.Equal("worker", segment.Worker);
        });
        Assert.Equal(seen.Count, seen.Select(segment => segment.Identity).Distinct().Count());
    }

    [Theory]
    [InlineData("x")]
    [InlineData("-2")]
    [InlineData("99999999999")]
    public async Task A_cursor_that_is_none_is_refused(string cursor) =>
        await Http.GetAsync($"/v1/jobs/{await Served.FinishedAsync("fixed")}/segments?cursor={cursor}", Ct).RefusedAsync(HttpStatusCode.BadRequest);

    [Fact]
    public async Task A_leased_segment_names_its_worker()
    {
        var worker = await WorkerAsync("busy");
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        await worker.LeaseOneAsync();
        SegmentView first = (await Silo.Api.SegmentsAsync(job.Id, 1, null, Ct)).Items[0];
        Assert.Equal(("leased", "busy"), (first.State, first.Worker));
    }

    [Fact]
    public async Task Curves_have_every_point_of_every_stretch_when_there_is_room()
    {
        string job = await Served.FinishedAsync("autolrs");
        JobView view = await ViewAsync(job);
        CurvesView curves = await Silo.Api.CurvesAsync(job, 5000, Ct);
        Assert.Equal(curves.Curves.Count, curves.Curves.Select(curve => curve.Stretch).Distinct().Count());
        Assert.Equal(view.Steps.Training + view.Steps.Search, curves.Curves.Sum(curve => curve.Steps.Count));
        Assert.All(curves.Curves.Where(curve => curve.Steps.Count > 0), curve =>
        {
            Assert.Equal(Enumerable.Range((int)curve.Steps[0], curve.Steps.Count).Select(step => (long)step), curve.Steps);
            Assert.Equal(curve.Steps.Count, curve.Rates.Count);
            Assert.Equal(curve.Steps.Count, curve.Losses.Count);
            Assert.Equal(curve.Rate, curve.Rates[0]);
        });

        // The validations are there, too: of what was cooled down in the first stage, and at the end.
        ValidationView[] validations = [.. curves.Curves.SelectMany(curve => curve.Validations).OrderBy(validation => validation.Step)];
        ValidationView last = validations[^1];
        Assert.Equal(view.TotalSteps, last.Step);
        StageResult first = (await Silo.Api.ResultAsync(job, Ct)).Stages[0];
        Assert.Equal(
            first.Candidates.Select(candidate => candidate.Score).OfType<double>().Order(),
            validations[..^1].Select(validation => validation.Metrics["probe_loss"]).Order());
        Assert.Equal((await Silo.Api.ResultAsync(job, Ct)).Objective.Value, last.Metrics["validation_loss"]);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(20)]
    public async Task Curves_are_thinned_to_what_was_asked_for_and_keep_their_ends(int points)
    {
        string job = await Served.FinishedAsync("fixed");
        CurveView whole = Path(await Silo.Api.CurvesAsync(job, 5000, Ct));
        CurveView thin = Path(await Silo.Api.CurvesAsync(job, points, Ct));
        Assert.InRange(thin.Steps.Count, 2, points);
        Assert.Equal((whole.Steps[0], whole.Steps[^1]), (thin.Steps[0], thin.Steps[^1]));
        Assert.All(thin.Steps.Zip(thin.Losses), pair => Assert.Equal(whole.Losses[whole.Steps.ToList().IndexOf(pair.First)], pair.Second));

        static CurveView Path(CurvesView curves) => curves.Curves.Single(curve => curve.Role == "path");
    }

    [Fact]
    public async Task The_one_trial_of_a_schedule_search_is_completed()
    {
        TrialView trial = Assert.Single((await Silo.Api.TrialsAsync(await Served.FinishedAsync("autolrs"), ct: Ct)).Items);
        Assert.Equal((0, "completed", 120L), (trial.Trial, trial.State, trial.Step));
    }

    [Fact]
    public async Task The_model_has_plain_names_and_says_where_it_comes_from()
    {
        string job = await Served.FinishedAsync("autolrs");
        await using Stream model = await Silo.Api.ModelAsync(job, Ct);
        SafetensorsHeader header = SafetensorsHeader.Read(model, model.Length);
        SafetensorsEntry weight = Assert.Single(header.Tensors);
        Assert.Equal(("weight", "F64", 100L), (weight.Name, weight.DType, Assert.Single(weight.Shape)));
        Assert.Equal("pt", header.Metadata["format"]);
        Assert.Equal(job, header.Metadata["job"]);
        Assert.Equal((await Silo.Api.ResultAsync(job, Ct)).Checkpoint, header.Metadata["checkpoint"]);
    }

    [Fact]
    public async Task A_model_of_another_kind_goes_out_as_it_is()
    {
        var worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool, steps: 5, segmentSteps: 5));
        Lease lease = await worker.LeaseOneAsync();
        byte[] pickle = [0x80, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        await worker.UploadAsync(pickle);
        await worker.CompleteAsync((await worker.TrainAsync(lease)) with { Checkpoint = new BlobReference(QuadraticSegment.Hash(pickle), pickle.Length) });
        Lease final = await worker.LeaseOneAsync();
        await worker.CompleteAsync(new Completion
        {
            Token = final.Token,
            Outcome = CompletionOutcome.Succeeded,
            Steps = 0,
            Metrics = new Dictionary<string, double> { ["validation_loss"] = 1 },
        });
        Assert.Equal(pickle, await Http.GetByteArrayAsync($"/v1/jobs/{job.Id}/model", Ct));
    }

    [Fact]
    public async Task A_segment_has_the_log_its_trainer_wrote()
    {
        string job = await Served.FinishedAsync("fixed");
        using HttpResponseMessage response = await Http.GetAsync($"/v1/segments/{job}/0/log", Ct);
        Assert.Equal("text/plain", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal($"segment 0 of {job}\n", await response.Content.ReadAsStringAsync(Ct));
        await Http.GetAsync($"/v1/segments/{job}/9999/log", Ct).RefusedAsync(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_blob_is_given_out_by_its_hash_and_in_parts()
    {
        string sha256 = (await Silo.Api.ResultAsync(await Served.FinishedAsync("fixed"), Ct)).Checkpoint!["sha256:".Length..];
        byte[] whole = await Http.GetByteArrayAsync($"/v1/blobs/{sha256}", Ct);
        Assert.Equal(sha256, QuadraticSegment.Hash(whole));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/blobs/{sha256}") { Headers = { Range = new(8, 15) } };
        using HttpResponseMessage part = await Http.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(whole[8..16], await part.Content.ReadAsByteArrayAsync(Ct));
    }

    [Theory]
    [InlineData("GET", "/v1/blobs/abc", HttpStatusCode.BadRequest)]
    [InlineData("GET", "/v1/blobs/..%2F..%2Fetc%2Fpasswd", HttpStatusCode.BadRequest)]
    [InlineData("GET", "/v1/blobs/0000000000000000000000000000000000000000000000000000000000000000", HttpStatusCode.NotFound)]
    [InlineData("POST", "/v1/blobs:upload", HttpStatusCode.BadRequest)]
    [InlineData("POST", "/v1/blobs:upload?sha256=abc", HttpStatusCode.BadRequest)]
    [InlineData("POST", "/v1/blobs:upload?sha256=0000000000000000000000000000000000000000000000000000000000000000", HttpStatusCode.BadRequest)]
    public async Task What_is_no_address_or_has_other_bytes_is_refused(string method, string route, HttpStatusCode status)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), route);
        if (method == "POST")
        {
            request.Content = new ByteArrayContent([1, 2, 3]);
            request.Content.Headers.ContentType = new("application/octet-stream");
        }

        JsonElement problem = await Http.SendAsync(request, Ct).RefusedAsync(status);
        Assert.NotEmpty(problem.Detail());
    }

    [Fact]
    public async Task Workers_and_pools_are_listed_with_what_they_have()
    {
        var worker = await WorkerAsync("listed", slots: 3);
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        await worker.LeaseOneAsync();
        WorkerView shown = (await Silo.Api.WorkersAsync(ct: Ct)).Items.Single(item => item.Pool == Pool);
        Assert.Equal(("listed", 3, 1), (shown.Worker, shown.Slots, shown.Leases));
        Assert.Equal(["noisy-quadratic"], shown.Workloads);
        Assert.Equal(new PoolView(Pool, 1, 3, 0, 1), (await Silo.Api.PoolsAsync(Ct)).Single(pool => pool.Pool == Pool));
        await Silo.Api.CancelAsync(job.Id, Ct);
    }
}
