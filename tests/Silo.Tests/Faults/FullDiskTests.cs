using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Storage;
using Orchestrator.TestKit.Workers;
using TemporaryFolder = Orchestrator.TestKit.TemporaryFolder;

namespace Orchestrator.Silo.Tests.Faults;

/// <summary>A disk without room stops a job, and nothing else; with room it goes on by itself, and nothing is lost.</summary>
public sealed class FullDiskTests(ServedSilo served) : IDisposable
{
    private const string NoMount = "a small disk cannot be mounted: that takes root and the right to mount";

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_job_whose_store_is_full_is_paused_says_why_and_goes_on_when_there_is_room()
    {
        using SmallDisk? disk = SmallDisk.TryMount(_folder.File("store"), megabytes: 4);
        Assert.SkipWhen(disk is null, NoMount);
        await using SiloUnderTest silo = await SiloUnderTest.StartAsync(_folder.Path, SiloUnderTest.ShortLeases);
        using var worker = new ProtocolWorker(() => silo.Address, "default");
        JobView job = await JobRun.SubmitAsync(silo, QuadraticJobs.Fixed("default"));
        using EventLines stream = await EventLines.OpenAsync(silo.Address, job.Id);
        await worker.RegisterAsync();
        Assert.Equal(CompletionVerdict.Accepted, (await worker.FinishAsync(await worker.LeaseOneAsync())).Verdict);
        disk.Fill();
        using var stop = new CancellationTokenSource();
        Task working = worker.RunAsync(stop.Token);

        JobView held = await Eventually.HoldsAsync(() => silo.Api.GetAsync(job.Id, Ct), view => view.Status == JobStatus.Paused, "a pause");
        Assert.Equal("no_space", held.Reason!.Code);
        Assert.Contains("Free some space", held.Reason.Message);
        JsonElement told = JsonSerializer.Deserialize<JsonElement>((await stream.NextAsync("held")).Data);
        Assert.Equal("no_space", told.GetProperty("reason").Text("code"));

        // It is started again on a full disk, even.
        await silo.KillAsync();
        await silo.StartAgainAsync();
        await Eventually.HoldsAsync(() => silo.Api.GetAsync(job.Id, Ct), view => view.Status == JobStatus.Paused, "a pause after the restart");

        disk.Free();
        await JobRun.EndedAsync(silo.Api, job.Id);
        JobResult result = await silo.Api.ResultAsync(job.Id, Ct);
        await stop.CancelAsync();
        await working;
        Assert.Equal(Essence.Of(await UndisturbedAsync()), Essence.Of(result));
        Assert.Equal((0L, result.Steps.Training), (result.Steps.Lost, worker.StepsRun));
    }

    [Fact]
    public async Task A_job_whose_store_reached_its_limit_goes_on_where_it_was_with_a_larger_one()
    {
        using var worker = new ProtocolWorker(() => Address, "default");
        string job;
        await using (SiloUnderTest small = await SiloUnderTest.StartAsync(_folder.Path, [.. SiloUnderTest.ShortLeases, "--store-max-pages", "24"]))
        {
            Address = small.Address;
            job = (await JobRun.SubmitAsync(small, QuadraticJobs.Fixed("default"))).Id;
            using var stop = new CancellationTokenSource();
            Task working = worker.RunAsync(stop.Token);
            JobView held = await Eventually.HoldsAsync(() => small.Api.GetAsync(job, Ct), view => view.Status is JobStatus.Paused or JobStatus.Succeeded, "a pause");
            Assert.Equal("no_space", held.Reason?.Code);

            // Not now and then: until there is room. Whatever else needs some is told to come again.
            for (int look = 0; look < 50; look++)
            {
                Assert.Equal(JobStatus.Paused, (await small.Api.GetAsync(job, Ct)).Status);
            }

            JsonElement refused = await small.Http.PostAsync("/v1/jobs", Answers.Json(LargeJob()), Ct).RefusedAsync(HttpStatusCode.ServiceUnavailable);
            Assert.Contains("No room", refused.Detail());
            await small.TerminateAsync();
            await stop.CancelAsync();
            await working;
        }

        await using SiloUnderTest silo = await SiloUnderTest.StartAsync(_folder.Path, SiloUnderTest.ShortLeases);
        Address = silo.Address;
        Assert.Equal(Essence.Of(await UndisturbedAsync()), Essence.Of(await worker.UntilEndAsync(silo, job)));
    }

    [Fact]
    public async Task A_checkpoint_that_finds_no_room_is_refused_with_507_and_is_welcome_when_there_is_some()
    {
        using SmallDisk? disk = SmallDisk.TryMount(_folder.File("blobs"), megabytes: 1);
        Assert.SkipWhen(disk is null, NoMount);
        await using SiloUnderTest silo = await SiloUnderTest.StartAsync(_folder.Path, SiloUnderTest.ShortLeases);
        using var worker = new ProtocolWorker(() => silo.Address, "default");
        await worker.RegisterAsync();
        JobView job = await JobRun.SubmitAsync(silo, QuadraticJobs.Fixed("default"));
        Lease lease = await worker.LeaseOneAsync();
        disk.Fill();
        HttpRequestException e = await Assert.ThrowsAsync<HttpRequestException>(() => worker.TrainAsync(lease));
        Assert.Equal(HttpStatusCode.InsufficientStorage, e.StatusCode);
        Assert.Contains("No room", e.Message);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(silo.Blobs, "incoming")));
        Assert.Equal(JobStatus.Running, (await silo.Api.GetAsync(job.Id, Ct)).Status);

        disk.Free();
        Assert.Equal(CompletionVerdict.Accepted, (await worker.FinishAsync(lease)).Verdict);
        Assert.Equal(Essence.Of(await UndisturbedAsync()), Essence.Of(await worker.UntilEndAsync(silo, job.Id)));
    }

    [Fact]
    public async Task A_worker_without_room_holds_the_job_with_its_reason_and_rests_while_others_run()
    {
        await using SiloUnderTest silo = await SiloUnderTest.StartAsync(_folder.Path, SiloUnderTest.ShortLeases);
        using var full = new ProtocolWorker(() => silo.Address, "default", "full");
        await full.RegisterAsync();
        JobView job = await JobRun.SubmitAsync(silo, QuadraticJobs.Fixed("default"));
        Lease lease = await full.LeaseOneAsync();
        await full.CompleteAsync(new Completion
        {
            Token = lease.Token,
            Outcome = CompletionOutcome.Failed,
            Steps = 3,
            Failure = new SegmentFailure("no_space", "No space left on device.", WorkerFault: true),
        });
        JobView held = await silo.Api.GetAsync(job.Id, Ct);
        Assert.Equal((JobStatus.Paused, "no_space"), (held.Status, held.Reason?.Code));
        Assert.Contains("No space left on device", held.Reason!.Message);

        using var other = new ProtocolWorker(() => silo.Address, "default", "other");
        JobResult result = await other.UntilEndAsync(silo, job.Id);
        Assert.Equal(JobStatus.Succeeded, result.Status);
        Assert.Equal(3, result.Steps.Lost);
    }

    private Uri Address { get; set; } = new("http://127.0.0.1:1");

    /// <summary>A job file that takes more room than is left anywhere in a store that is full.</summary>
    private static string LargeJob()
    {
        JsonObject job = QuadraticJobs.Fixed("default");
        job["trainer"]!["version"] = new string('v', 500_000);
        return job.ToJsonString();
    }

    private async Task<JobResult> UndisturbedAsync() =>
        await (await served.SiloAsync()).Api.ResultAsync(await served.FinishedAsync("fixed"), Ct);
}
