using System.Net;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Api;

public sealed class JobCommandTests(ServedSilo served) : ServedTest(served)
{
    public static TheoryData<string, string> OfOneJob { get; } = new()
    {
        { "GET", "" }, { "GET", "/spec" }, { "GET", "/events" }, { "GET", "/schedule" }, { "GET", "/result" }, { "GET", "/trials" },
        { "GET", "/segments" }, { "GET", "/curves" }, { "GET", "/model" }, { "DELETE", "" },
        { "POST", ":pause" }, { "POST", ":resume" }, { "POST", ":cancel" },
    };

    [Theory]
    [MemberData(nameof(OfOneJob))]
    public async Task There_is_nothing_of_a_job_that_is_not(string method, string route)
    {
        var problem = await Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), $"/v1/jobs/jffffffffffffffffffff{route}"), Ct)
            .RefusedAsync(HttpStatusCode.NotFound);
        Assert.Contains("jffffffffffffffffffff", problem.Detail());
    }

    [Theory]
    [InlineData("GET", "/v1/nothing")]
    [InlineData("GET", "/v1/nothing.txt")]
    [InlineData("PUT", "/v1/jobs")]
    [InlineData("POST", "/v1/jobs/x:frobnicate")]
    [InlineData("GET", "/v1/segments/x/1/log")]
    [InlineData("GET", "/v1/segments/x/y/log")]
    public async Task An_unknown_route_is_not_found(string method, string route) =>
        await Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), route), Ct).RefusedAsync(HttpStatusCode.NotFound);

    [Theory]
    [InlineData("PATCH", "/v1/jobs/x")]
    [InlineData("POST", "/v1/jobs/x:fork")]
    public async Task What_is_not_built_yet_says_so(string method, string route)
    {
        var problem = await Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), route) { Content = Answers.Json("{}") }, Ct)
            .RefusedAsync(HttpStatusCode.NotImplemented);
        Assert.Contains("not available yet", problem.Detail());
    }

    [Fact]
    public async Task Before_a_worker_came_there_is_nothing_to_pause()
    {
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        var problem = await PostAsync(job.Id, "pause").RefusedAsync(HttpStatusCode.Conflict);
        Assert.Contains("not been placed", problem.Detail());
    }

    [Fact]
    public async Task A_paused_job_offers_nothing_until_it_is_resumed_and_repeating_changes_nothing()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        long sequence = 0;
        foreach (string _ in (string[])["once", "again"])
        {
            var paused = await PostAsync(job.Id, "pause").OkAsync();
            Assert.Equal("paused", paused.Text("status"));
            Assert.Contains("Paused by", paused.GetProperty("reason").Text("message"));
            Assert.True(sequence == 0 || sequence == paused.GetProperty("sequence").GetInt64(), "a repetition is no event");
            sequence = paused.GetProperty("sequence").GetInt64();
        }

        // A younger job's work comes first meanwhile.
        JobView other = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Assert.Equal(other.Id, (await worker.LeaseOneAsync()).Work.Job);
        foreach (string _ in (string[])["once", "again"])
        {
            Assert.Equal("running", (await PostAsync(job.Id, "resume").OkAsync()).Text("status"));
        }

        Assert.Equal(job.Id, (await worker.LeaseOneAsync()).Work.Job);
    }

    [Fact]
    public async Task What_runs_is_told_to_stop_when_its_job_is_paused_and_its_prefix_is_kept()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool, steps: 20, segmentSteps: 20));
        Lease lease = await worker.LeaseOneAsync();
        await PostAsync(job.Id, "pause").OkAsync();
        HeartbeatReply reply = await worker.HeartbeatAsync(new LeaseProgress(lease.Token, 5));
        Assert.Equal(new LeaseStop(lease.Token, StopReason.Paused), Assert.Single(reply.Stops));

        Completion prefix = await worker.TrainAsync(lease with { Work = lease.Work with { Steps = 5 } });
        Assert.Equal(CompletionVerdict.Accepted, Assert.Single(await worker.CompleteAsync(prefix)).Verdict);
        await PostAsync(job.Id, "resume").OkAsync();
        Lease rest = await worker.LeaseOneAsync();
        Assert.Equal((5L, 15L), (rest.Work.Start, rest.Work.Steps));
        Assert.Equal(prefix.Checkpoint, rest.Work.Parent);
        await worker.FinishAsync(rest);
        JobResult result = await worker.UntilEndAsync(Silo, job.Id);
        Assert.Equal((20L, 0L), (result.Steps.Training, result.Steps.Lost));
    }

    [Fact]
    public async Task A_cancelled_job_stops_what_runs_keeps_its_result_and_can_be_cancelled_again()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lease = await worker.LeaseOneAsync();
        Assert.Equal("cancelled", (await PostAsync(job.Id, "cancel").OkAsync()).Text("status"));
        Assert.Equal("cancelled", (await PostAsync(job.Id, "cancel").OkAsync()).Text("status"));
        HeartbeatReply reply = await worker.HeartbeatAsync(new LeaseProgress(lease.Token, 1));
        Assert.Equal(new LeaseStop(lease.Token, StopReason.Cancelled), Assert.Single(reply.Stops));

        JobResult result = await Silo.Api.ResultAsync(job.Id, Ct);
        Assert.Equal(JobStatus.Cancelled, result.Status);
        Assert.Equal("cancelled", result.Error!.Code);
        await PostAsync(job.Id, "pause").RefusedAsync(HttpStatusCode.Conflict);
        await PostAsync(job.Id, "resume").RefusedAsync(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Only_a_job_that_has_ended_can_be_deleted_and_then_it_is_gone()
    {
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool), key: Pool);
        var problem = await Http.DeleteAsync($"/v1/jobs/{job.Id}", Ct).RefusedAsync(HttpStatusCode.Conflict);
        Assert.Contains("cancel it first", problem.Detail());
        await Silo.Api.CancelAsync(job.Id, Ct);
        await Http.DeleteAsync($"/v1/jobs/{job.Id}", Ct).OkAsync();
        await Http.GetAsync($"/v1/jobs/{job.Id}", Ct).RefusedAsync(HttpStatusCode.NotFound);
        await Http.DeleteAsync($"/v1/jobs/{job.Id}", Ct).RefusedAsync(HttpStatusCode.NotFound);

        // Its key is free again.
        Assert.Equal(job.Id, (await SubmitAsync(QuadraticJobs.Fixed(Pool, steps: 30), key: Pool)).Id);
        Assert.Equal(30, (await ViewAsync(job.Id)).TotalSteps);
    }

    [Fact]
    public async Task A_job_that_has_not_ended_has_no_result_and_no_model()
    {
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        await Http.GetAsync($"/v1/jobs/{job.Id}/result", Ct).RefusedAsync(HttpStatusCode.Conflict);
        await Http.GetAsync($"/v1/jobs/{job.Id}/model", Ct).RefusedAsync(HttpStatusCode.Conflict);
    }

    private Task<HttpResponseMessage> PostAsync(string job, string command) => Http.PostAsync($"/v1/jobs/{job}:{command}", null, Ct);
}
