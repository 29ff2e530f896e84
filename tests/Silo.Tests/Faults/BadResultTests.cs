using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Faults;

/// <summary>A worker that lies, or has gone mad: its segment is run again elsewhere, and after the third time the job fails.</summary>
public sealed class BadResultTests(ServedSilo served) : ServedTest(served)
{
    private static readonly Dictionary<string, (Func<Completion, Completion> Lie, string Message)> Lies = new()
    {
        ["other rates"] = (result => Series(result, point => point with { Rate = point.Rate * 1.5 }), "wrong_rates"),
        ["a rate that differs in its last bit"] = (result => Series(result, point => point with { Rate = Math.BitIncrement(point.Rate) }), "wrong_rates"),
        ["no series"] = (result => result with { Series = null }, "no series"),
        ["a series that is none"] = (result => result with { Series = "garbage" }, "cannot be read"),
        ["a series with infinities"] = (result => result with { Series = result.Series!.Replace("\n0,", "\n0,1e999,1,1,1\n0,") }, "cannot be read"),
        ["fewer points"] = (result => result with { Series = result.Series![..(result.Series!.TrimEnd('\n').LastIndexOf('\n') + 1)] }, "points"),
        ["more points"] = (result => result with { Series = result.Series + "99,0.1,1,1,1\n" }, "points"),
        ["points of other steps"] = (result => Series(result, point => point with { Step = point.Step + 1 }), "is of step"),
        ["no checkpoint"] = (result => result with { Checkpoint = null }, "no checkpoint"),
        ["a checkpoint without an address"] = (result => result with { Checkpoint = new BlobReference("../../etc/passwd", 5) }, "SHA-256"),
        ["more steps than planned"] = (result => result with { Steps = result.Steps + 1 }, "steps"),
        ["fewer than no steps"] = (result => result with { Steps = -1 }, "steps"),
        ["all the steps in the world"] = (result => result with { Steps = long.MaxValue }, "steps"),
        ["a divergence with a series that is none"] = (result => result with { Outcome = CompletionOutcome.Diverged, Steps = 0, Series = "x" }, "cannot be read"),
    };

    public static TheoryData<string> Names { get; } = [.. Lies.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_result_that_is_not_what_was_planned_is_run_again_and_the_third_fails_the_job(string lie)
    {
        ProtocolWorker worker = await WorkerAsync();
        worker.Tamper = (_, result) => Lies[lie].Lie(result);
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        for (int times = 1; times <= 3; times++)
        {
            Assert.Equal(JobStatus.Running, (await ViewAsync(job.Id)).Status);
            CompletionReceipt receipt = await worker.FinishAsync(await worker.LeaseOneAsync());
            Assert.Equal(CompletionVerdict.Invalid, receipt.Verdict);
            Assert.Contains(Lies[lie].Message, receipt.Message);
        }

        JobResult failed = await Silo.Api.ResultAsync(job.Id, Ct);
        Assert.Equal((JobStatus.Failed, "segment_failed"), (failed.Status, failed.Error!.Code));
        Assert.Contains(Lies[lie].Message, failed.Error.Message);
        Assert.InRange(failed.Steps.Lost, 0, 9);
    }

    [Fact]
    public async Task A_lie_that_is_not_repeated_costs_its_steps_and_nothing_else()
    {
        JobResult honest = await JobRun.ToEndAsync(Silo, $"{Pool}-honest", QuadraticJobs.AutoLrs($"{Pool}-honest"));
        using ProtocolWorker worker = NewWorker();
        var lied = new HashSet<int>();
        worker.Tamper = (lease, result) => lied.Add(lease.Work.Segment) ? result with { Steps = result.Steps + 1 } : result;
        JobView job = await SubmitAsync(QuadraticJobs.AutoLrs(Pool));
        JobResult result = await worker.UntilEndAsync(Silo, job.Id);
        Assert.Equal(Essence.Of(honest), Essence.Of(result));
        Assert.Equal(result.Steps.Training + result.Steps.Search, result.Steps.Lost);
    }

    [Fact]
    public async Task A_trainer_that_fails_is_tried_on_another_worker_and_bad_input_is_not_tried_again()
    {
        ProtocolWorker first = await WorkerAsync("first");
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lease = await first.LeaseOneAsync();
        ProtocolWorker second = await WorkerAsync("second");
        await first.CompleteAsync(Failed(lease, "out_of_memory"));
        using var gone = new CancellationTokenSource();
        Task<LeaseReply> waiting = first.PollAsync(gone.Token);
        Lease again = await second.LeaseOneAsync();
        Assert.Equal(lease.Work.Segment, again.Work.Segment);
        Assert.False(waiting.IsCompleted);
        await gone.CancelAsync();

        await second.CompleteAsync(Failed(again, "bad_input"));
        JobResult failed = await Silo.Api.ResultAsync(job.Id, Ct);
        Assert.Equal(JobStatus.Failed, failed.Status);
        Assert.Contains("It said bad_input.", failed.Error!.Message);
    }

    [Fact]
    public async Task Other_bytes_than_were_announced_are_not_stored()
    {
        ProtocolWorker worker = await WorkerAsync();
        HttpRequestException e = await Assert.ThrowsAsync<HttpRequestException>(() => worker.UploadAsync([1, 2, 3], new string('a', 64)));
        Assert.Equal(HttpStatusCode.BadRequest, e.StatusCode);
        Assert.Contains("they were changed on the way", e.Message);
        await Http.GetAsync($"/v1/blobs/{new string('a', 64)}", Ct).RefusedAsync(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"pool\":null,\"worker\":\"worker\",\"instance\":\"i\",\"completions\":[]}")]
    [InlineData("{\"pool\":\"\",\"worker\":\"worker\",\"instance\":\"i\",\"completions\":[]}")]
    [InlineData("{\"pool\":\"p\",\"worker\":\"worker\",\"instance\":\"i\",\"completions\":[null]}")]
    [InlineData("{\"pool\":\"p\",\"worker\":\"worker\",\"instance\":\"i\",\"completions\":[{\"token\":\"{token}\",\"outcome\":\"succeeded\"}]}")]
    [InlineData("{\"pool\":\"p\",\"worker\":\"worker\",\"instance\":\"i\",\"completions\":[{\"token\":\"{token}\",\"outcome\":\"won\",\"steps\":3}]}")]
    [InlineData("{\"pool\":\"p\",\"worker\":\"worker\",\"instance\":\"i\",\"completions\":[{\"token\":\"{token}\",\"outcome\":\"succeeded\",\"steps\":3,\"metrics\":{\"loss\":NaN}}]}")]
    [InlineData("{\"pool\":\"p\",\"worker\":\"worker\",\"instance\":\"i\",\"completions\":[{\"token\":\"{token}\",\"outcome\":\"succeeded\",\"steps\":3,\"metrics\":{\"loss\":\"NaN\"}}]}")]
    [InlineData("{\"pool\":\"p\",\"worker\":\"worker\",\"instance\":\"i\",\"completions\":[{\"token\":\"{token}\",\"outcome\":\"succeeded\",\"steps\":3,\"metrics\":{\"loss\":1e999}}]}")]
    [InlineData("{\"pool\":\"p\",\"worker\":\"worker\",\"instance\":\"i\",\"completions\":[{\"token\":\"{token}\",\"outcome\":\"succeeded\",\"steps\":3,\"validations\":[null]}]}")]
    [InlineData("{\"pool\":\"p\",\"worker\":\"worker\",\"instance\":\"i\",\"completions\":[{\"token\":\"{token}\",\"outcome\":\"succeeded\",\"steps\":3,\"checkpoint\":{\"bytes\":1}}]}")]
    [InlineData("{\"pool\":\"p\",\"worker\":\"worker\",\"instance\":\"i\",\"completions\":[{\"token\":\"{token}\",\"outcome\":\"succeeded\",\"steps\":1e30}]}")]
    public async Task A_message_that_is_none_is_refused_as_a_whole_and_the_lease_lives(string body)
    {
        ProtocolWorker worker = await WorkerAsync();
        await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lease = await worker.LeaseOneAsync();
        await Http.PostAsync("/v1/completions", Answers.Json(body.Replace("{token}", lease.Token)), Ct).RefusedAsync(HttpStatusCode.BadRequest);
        Assert.Equal(CompletionVerdict.Accepted, (await worker.FinishAsync(lease)).Verdict);
    }

    [Theory]
    [InlineData("PUT", "/v1/pools/p/workers/w", "{}")]
    [InlineData("PUT", "/v1/pools/p/workers/w", "{\"instance\":\"i\",\"slots\":2147483647}")]
    [InlineData("PUT", "/v1/pools/p/workers/w", "{\"instance\":\"i\",\"slots\":-1}")]
    [InlineData("PUT", "/v1/pools/p/workers/w", "{\"instance\":\"i\",\"slots\":1,\"trainers\":[null]}")]
    [InlineData("PUT", "/v1/pools/p/workers/w", "{\"instance\":\"i\",\"slots\":1,\"spooled\":null}")]
    [InlineData("POST", "/v1/pools/p/leases", "{}")]
    [InlineData("POST", "/v1/pools/p/leases", "{\"worker\":\"w\",\"instance\":\"i\",\"requestId\":\"r\",\"free\":-1,\"ahead\":0}")]
    [InlineData("POST", "/v1/heartbeats", "{}")]
    [InlineData("POST", "/v1/heartbeats", "{\"pool\":\"p\",\"worker\":\"w\",\"instance\":\"i\",\"leases\":[null]}")]
    [InlineData("POST", "/v1/heartbeats", "{\"pool\":\"p\",\"worker\":\"w\",\"instance\":\"i\",\"leases\":[{\"token\":\"t\",\"steps\":1,\"columns\":[\"step\"],\"points\":[null]}]}")]
    public async Task The_other_messages_of_a_worker_are_held_to_their_form_too(string method, string route, string body) =>
        await Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), route) { Content = Answers.Json(body) }, Ct).RefusedAsync(HttpStatusCode.BadRequest);

    [Fact]
    public async Task Ten_thousand_unknown_fields_are_passed_over()
    {
        ProtocolWorker worker = await WorkerAsync();
        await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lease = await worker.LeaseOneAsync();
        Completion result = await worker.TrainAsync(lease);
        JsonObject completion = JsonSerializer.SerializeToNode(result, WireJson.Options)!.AsObject();
        for (int i = 0; i < 10_000; i++)
        {
            completion[$"unknown{i}"] = new JsonObject { ["nested"] = i };
        }

        var body = new JsonObject { ["pool"] = Pool, ["worker"] = "worker", ["instance"] = worker.Instance, ["completions"] = new JsonArray(completion) };
        JsonElement reply = await Http.PostAsync("/v1/completions", Answers.Json(body.ToJsonString()), Ct).OkAsync();
        Assert.Equal("accepted", reply.GetProperty("receipts")[0].Text("verdict"));
    }

    [Fact]
    public async Task Numbers_beyond_reason_reach_no_sum_and_long_texts_are_cut()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lease = await worker.LeaseOneAsync();
        var mad = new LeaseSeconds(1e308, 1e308, -1e308, 1e308);
        await worker.CompleteAsync(Failed(lease, "error") with
        {
            Steps = long.MaxValue,
            Seconds = mad,
            Log = new string('l', 1_000_000) + "the end",
            Failure = new SegmentFailure("error", new string('m', 1_000_000)),
        });
        Assert.InRange((await ViewAsync(job.Id)).Steps.Lost, 0, lease.Work.Steps);
        string log = await Silo.Api.LogAsync($"{job.Id}/{lease.Work.Segment}", Ct);
        Assert.EndsWith("the end", log);
        Assert.InRange(log.Length, 1000, 64 << 10);
        SegmentView segment = (await Silo.Api.SegmentsAsync(job.Id, 1, null, Ct)).Items[0];
        Assert.InRange(segment.Failure!.Length, 1000, 5000);

        worker.Tamper = (_, result) => result with
        {
            Seconds = mad,
            Validations = [.. result.Validations ?? [], .. result.Validations is { Count: > 0 } ? [result.Validations[0] with { Samples = long.MaxValue }] : (ValidationResult[])[]],
        };
        JobResult ended = await worker.UntilEndAsync(Silo, job.Id);
        Assert.Equal(JobStatus.Succeeded, ended.Status);
        Assert.True(double.IsFinite(ended.Seconds.Trainer));
    }

    private static Completion Failed(Lease lease, string kind) => new()
    {
        Token = lease.Token,
        Outcome = CompletionOutcome.Failed,
        Steps = 0,
        Failure = new SegmentFailure(kind, $"It said {kind}."),
    };

    private static Completion Series(Completion result, Func<SeriesPoint, SeriesPoint> change) => result with
    {
        Series = Encoding.UTF8.GetString(SeriesCsv.Format(SeriesCsv.Parse(Encoding.UTF8.GetBytes(result.Series!)).Select(change))),
    };
}
