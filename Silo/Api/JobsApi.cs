using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Pools;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Silo.Api;

/// <summary>Submitting jobs and telling them what to do.</summary>
internal static class JobsApi
{
    /// <summary>Owner of everything without keys.</summary>
    public const string LocalOwner = "local";

    private const int MostItems = 1000;

    public static void MapJobs(this IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/jobs", SubmitAsync).WithName("submitJob")
            .Produces<JobView>(StatusCodes.Status201Created).Produces<JobView>().ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        app.MapGet("/v1/jobs", ListAsync).WithName("listJobs").Produces<Page<JobView>>().ProducesProblem(StatusCodes.Status400BadRequest);
        app.MapGet("/v1/jobs/{job}", GetAsync).WithName("getJob").Produces<JobView>().ProducesProblem(StatusCodes.Status404NotFound);
        app.MapGet("/v1/jobs/{job}/spec", SpecAsync).WithName("getJobSpec").Produces<JsonElement>().ProducesProblem(StatusCodes.Status404NotFound);
        Command(app.MapDelete("/v1/jobs/{job}", DeleteAsync)).WithName("deleteJob");
        app.MapPatch("/v1/jobs/{job}", (string job) => Problems.NotYet("Changing a job while it runs")).WithName("patchJob")
            .ProducesProblem(StatusCodes.Status501NotImplemented);
        Command(app.MapPost("/v1/jobs/{job}:pause", (string job, IGrainFactory grains) => ControlAsync(job, JobCommand.Pause, grains))).WithName("pauseJob");
        Command(app.MapPost("/v1/jobs/{job}:resume", (string job, IGrainFactory grains) => ControlAsync(job, JobCommand.Resume, grains))).WithName("resumeJob");
        Command(app.MapPost("/v1/jobs/{job}:cancel", (string job, IGrainFactory grains) => ControlAsync(job, JobCommand.Cancel, grains))).WithName("cancelJob");
        app.MapPost("/v1/jobs/{job}:fork", (string job) => Problems.NotYet("Forking a job")).WithName("forkJob")
            .ProducesProblem(StatusCodes.Status501NotImplemented);
    }

    private static RouteHandlerBuilder Command(RouteHandlerBuilder route) => route.Produces<JobView>()
        .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);

    private static async Task<IResult> SubmitAsync(
        [FromBody] JsonElement spec, [FromHeader(Name = "Idempotency-Key")] string? key, IGrainFactory grains)
    {
        JobSpecReading reading = JobSpecReader.Read(spec);
        if (reading.Spec is null)
        {
            return Problems.BadInput($"The job file has {Count(reading.Problems)}.", reading.Problems);
        }

        IReadOnlyList<WorkerRegistration> workers = await grains.GetGrain<IPoolGrain>(reading.Spec.Resources.Pool).RegistrationsAsync();
        IReadOnlyList<SpecProblem> problems = PoolCheck.Problems(reading.Spec, workers);
        if (problems.Count > 0)
        {
            return Problems.Of(StatusCodes.Status422UnprocessableEntity, "The pool cannot run this", $"The job file has {Count(problems)}.", problems);
        }

        if (key is { Length: > 200 })
        {
            return Problems.BadInput("The Idempotency-Key is longer than 200 characters.");
        }

        SubmitReply reply = await grains.GetGrain<IJobGrain>(JobId(key)).SubmitAsync(new JobSubmission(LocalOwner, spec.GetRawText()));
        return reply switch
        {
            { Conflict: true } => Problems.Of(StatusCodes.Status409Conflict, "Another job has this key", "A job with this Idempotency-Key was submitted with another file. Use a new key."),
            { Created: true } => TypedResults.Created($"/v1/jobs/{reply.View!.Id}", reply.View),
            _ => TypedResults.Ok(reply.View),
        };
    }

    private static string Count(IReadOnlyList<SpecProblem> problems) => problems.Count == 1 ? "one problem" : $"{problems.Count} problems";

    private static string JobId(string? key)
    {
        byte[] id = string.IsNullOrEmpty(key)
            ? RandomNumberGenerator.GetBytes(10)
            : SHA256.HashData(Encoding.UTF8.GetBytes($"{LocalOwner}\n{key}"))[..10];
        return "j" + Convert.ToHexStringLower(id);
    }

    private static async Task<IResult> ListAsync(IJobStore store, IGrainFactory grains, string? status, int? limit, string? cursor, CancellationToken ct)
    {
        JobStatus? wanted = null;
        if (!string.IsNullOrEmpty(status))
        {
            // By name alone: Enum.TryParse takes numbers and lists, too.
            string[] names = Enum.GetNames<JobStatus>();
            int at = Array.FindIndex(names, name => name.Equals(status, StringComparison.OrdinalIgnoreCase));
            if (at < 0)
            {
                return Problems.BadInput($"status={status}: one of {string.Join(", ", names.Select(name => name.ToLowerInvariant()))} is wanted.");
            }

            wanted = Enum.GetValues<JobStatus>()[at];
        }

        Page<StoredJob> page;
        try
        {
            page = await store.ListAsync(wanted, Math.Clamp(limit ?? 50, 1, MostItems), cursor, ct);
        }
        catch (ArgumentException e) when (e.ParamName == "cursor")
        {
            return Problems.BadCursor(cursor!);
        }

        return TypedResults.Ok(new Page<JobView>([.. page.Items.Select(job => JsonSerializer.Deserialize<JobView>(job.View, WireJson.Options)!)], page.Next));
    }

    private static async Task<IResult> GetAsync(string job, IGrainFactory grains) =>
        await grains.GetGrain<IJobGrain>(job).ViewAsync() is { } view ? TypedResults.Ok(view) : Problems.NoJob(job);

    private static async Task<IResult> SpecAsync(string job, IJobStore store, CancellationToken ct) =>
        await store.FindAsync(job, ct) is { } stored ? TypedResults.Text(stored.Spec, "application/json") : Problems.NoJob(job);

    private static async Task<IResult> DeleteAsync(string job, IGrainFactory grains) => Answer(job, await grains.GetGrain<IJobGrain>(job).DeleteAsync());

    private static async Task<IResult> ControlAsync(string job, JobCommand command, IGrainFactory grains) =>
        Answer(job, await grains.GetGrain<IJobGrain>(job).ControlAsync(command, LocalOwner));

    private static IResult Answer(string job, ControlReply reply) => reply switch
    {
        { Missing: true } => Problems.NoJob(job),
        { Refusal: { } refusal } => Problems.Of(StatusCodes.Status409Conflict, "Not now", refusal),
        _ => TypedResults.Ok(reply.View),
    };
}
