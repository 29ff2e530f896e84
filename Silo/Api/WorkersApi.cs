using Microsoft.AspNetCore.Mvc;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Pools;
using Orchestrator.Grains.Storage;
using Orchestrator.Silo.Hosting;

namespace Orchestrator.Silo.Api;

/// <summary>What agents call, and what shows them.</summary>
internal static partial class WorkersApi
{
    public static void MapWorkers(this IEndpointRouteBuilder app)
    {
        app.MapPut("/v1/pools/{pool}/workers/{worker}", RegisterAsync).WithName("registerWorker").Produces<WorkerRegistered>()
            .WithMetadata(new RequestSizeLimitAttribute(RequestLimits.WorkerMessage));
        app.MapPost("/v1/pools/{pool}/leases", LeaseAsync).WithName("lease").Produces<LeaseReply>();
        app.MapPost("/v1/heartbeats", HeartbeatAsync).WithName("heartbeat").Produces<HeartbeatReply>()
            .WithMetadata(new RequestSizeLimitAttribute(RequestLimits.WorkerMessage));
        app.MapPost("/v1/completions", CompleteAllAsync).WithName("complete").Produces<CompletionReply>()
            .WithMetadata(new RequestSizeLimitAttribute(RequestLimits.Completions));
        app.MapGet("/v1/workers", WorkersAsync).WithName("listWorkers").Produces<Page<WorkerView>>();
        app.MapGet("/v1/pools", PoolsAsync).WithName("listPools").Produces<IReadOnlyList<PoolView>>();
    }

    private static async Task<IResult> RegisterAsync(string pool, string worker, WorkerRegistration registration, IGrainFactory grains) =>
        WorkerMessages.Problem(pool, worker, registration) is { } problem
            ? Problems.BadInput(problem)
            : await grains.GetGrain<IPoolGrain>(pool).RegisterAsync(worker, registration) is { } registered
                ? TypedResults.Ok(registered)
                : Problems.Of(
                    StatusCodes.Status409Conflict, "Name taken",
                    $"Another agent has registered as {worker} of pool {pool} since this one did: two agents cannot share a name. Start one of them with another --name.");

    /// <summary>A worker that has left is granted nothing, and a silo that ends lets nobody wait.</summary>
    private static async Task<IResult> LeaseAsync(
        string pool, LeaseRequest request, IGrainFactory grains, IHostApplicationLifetime lifetime, CancellationToken ct)
    {
        if (WorkerMessages.Problem(pool, request) is { } problem)
        {
            return Problems.BadInput(problem);
        }

        using var ends = CancellationTokenSource.CreateLinkedTokenSource(ct, lifetime.ApplicationStopping);
        try
        {
            return TypedResults.Ok(await grains.GetGrain<IPoolGrain>(pool).LeaseAsync(request, ends.Token));
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            return TypedResults.Ok(new LeaseReply([]));
        }
    }

    private static async Task<IResult> HeartbeatAsync(HeartbeatRequest request, IGrainFactory grains) =>
        WorkerMessages.Problem(request) is { } problem
            ? Problems.BadInput(problem)
            : TypedResults.Ok(await grains.GetGrain<IPoolGrain>(request.Pool).HeartbeatAsync(request));

    /// <summary>
    /// Every completion is judged by itself: one malformed token spoils no other, and a job that cannot take results now gets
    /// no receipt while the others do. The lease is released only when its result is stored, or refused for good.
    /// </summary>
    private static async Task<IResult> CompleteAllAsync(
        CompletionRequest request, IGrainFactory grains, LeaseTokens tokens, IBlobStore blobs, ILoggerFactory logs)
    {
        if (WorkerMessages.Problem(request) is { } problem)
        {
            return Problems.BadInput(problem);
        }

        ILogger logger = logs.CreateLogger(typeof(WorkersApi));
        CompletionReceipt?[] receipts = await Task.WhenAll(
            request.Completions.Select(completion => TryCompleteAsync(request, WorkerMessages.Bounded(completion), grains, tokens, blobs, logger)));
        return receipts.Length > 0 && Array.TrueForAll(receipts, receipt => receipt is null)
            ? Problems.Of(StatusCodes.Status503ServiceUnavailable, "Not now", "No result can be taken now; send them again.")
            : TypedResults.Ok(new CompletionReply([.. receipts.OfType<CompletionReceipt>()]));
    }

    private static async Task<CompletionReceipt?> TryCompleteAsync(
        CompletionRequest request, Completion completion, IGrainFactory grains, LeaseTokens tokens, IBlobStore blobs, ILogger logger)
    {
        try
        {
            return await CompleteAsync(request, await WithCheckpointAsync(completion, blobs), grains, tokens);
        }
        catch (Exception e)
        {
            LogNotTaken(logger, e);
            return null;
        }
    }

    [LoggerMessage(EventId = 20, Level = LogLevel.Error, Message = "A result could not be taken now; its worker will send it again.")]
    private static partial void LogNotTaken(ILogger logger, Exception? e);

    /// <summary>
    /// A result whose checkpoint this silo does not have is the worker's failure: its `--blobs` is another folder than the silo's.
    /// Taken as it is, the job would end with a model that nobody has.
    /// </summary>
    private static async Task<Completion> WithCheckpointAsync(Completion completion, IBlobStore blobs) =>
        completion is { Outcome: CompletionOutcome.Succeeded, Checkpoint: { } checkpoint } && BlobReference.IsAddress(checkpoint.Sha256)
        && await blobs.LengthAsync(checkpoint.Sha256) != checkpoint.Bytes
            ? new Completion
            {
                Token = completion.Token,
                Outcome = CompletionOutcome.Failed,
                Steps = completion.Steps,
                Seconds = completion.Seconds,
                Failure = new SegmentFailure(
                    "error",
                    $"Its checkpoint {checkpoint.Sha256} is not in the silo's blob store: --blobs of the agent must be the folder that --blobs of the silo is, or be left out.",
                    WorkerFault: true),
            }
            : completion;

    private static async Task<CompletionReceipt> CompleteAsync(CompletionRequest request, Completion completion, IGrainFactory grains, LeaseTokens tokens)
    {
        if (!tokens.TryRead(completion.Token, out LeaseClaims? claims) || claims.Worker != request.Worker)
        {
            return new CompletionReceipt(completion.Token, CompletionVerdict.Invalid, "The lease token is not one that this silo gave to this worker.");
        }

        CompletionReceipt receipt = await grains.GetGrain<IJobGrain>(claims.Job)
            .CompleteAsync(new LeasedCompletion(claims.Segment, claims.Lease, request.Pool, request.Worker, completion));
        string? fault = completion.Failure is { WorkerFault: true } failure ? $"{failure.Kind}: {failure.Message}" : null;
        await grains.GetGrain<IPoolGrain>(request.Pool).ReleasedAsync(claims.Lease, request.Worker, fault);
        return receipt;
    }

    private static async Task<IResult> WorkersAsync(IJobStore store, IGrainFactory grains, CancellationToken ct)
    {
        var workers = new List<WorkerView>();
        foreach (string pool in await PoolNames.AllAsync(store, ct))
        {
            workers.AddRange(await grains.GetGrain<IPoolGrain>(pool).WorkersAsync());
        }

        return TypedResults.Ok(new Page<WorkerView>(workers, null));
    }

    private static async Task<IResult> PoolsAsync(IJobStore store, IGrainFactory grains, CancellationToken ct)
    {
        var pools = new List<PoolView>();
        foreach (string pool in await PoolNames.AllAsync(store, ct))
        {
            PoolStats stats = await grains.GetGrain<IPoolGrain>(pool).StatsAsync();
            pools.Add(new PoolView(pool, stats.Workers, stats.Slots, stats.Planned, stats.Leased));
        }

        return TypedResults.Ok(pools);
    }
}
