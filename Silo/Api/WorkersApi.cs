using Microsoft.AspNetCore.Mvc;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Pools;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Silo.Api;

/// <summary>What agents call, and what shows them.</summary>
internal static class WorkersApi
{
    private const string DefaultPool = "default";

    public static void MapWorkers(this IEndpointRouteBuilder app)
    {
        app.MapPut("/v1/pools/{pool}/workers/{worker}", (string pool, string worker, WorkerRegistration registration, IGrainFactory grains) =>
            grains.GetGrain<IPoolGrain>(pool).RegisterAsync(worker, registration)).WithName("registerWorker");
        app.MapPost("/v1/pools/{pool}/leases", (string pool, LeaseRequest request, IGrainFactory grains, CancellationToken ct) =>
            grains.GetGrain<IPoolGrain>(pool).LeaseAsync(request).WaitAsync(ct)).WithName("lease");
        app.MapPost("/v1/heartbeats", (HeartbeatRequest request, IGrainFactory grains) =>
            grains.GetGrain<IPoolGrain>(request.Pool).HeartbeatAsync(request)).WithName("heartbeat");
        app.MapPost("/v1/completions", (CompletionRequest request, IGrainFactory grains, LeaseTokens tokens) => CompleteAllAsync(request, grains, tokens)).WithName("complete")
            .WithMetadata(new RequestSizeLimitAttribute(RequestLimits.Completions));
        app.MapGet("/v1/workers", WorkersAsync).WithName("listWorkers");
        app.MapGet("/v1/pools", PoolsAsync).WithName("listPools");
    }

    /// <summary>
    /// Every completion is judged by itself: one malformed token spoils no other. The lease is released only when its
    /// result is stored, or refused for good.
    /// </summary>
    private static async Task<CompletionReply> CompleteAllAsync(CompletionRequest request, IGrainFactory grains, LeaseTokens tokens)
    {
        Task<CompletionReceipt>[] receipts = [.. request.Completions.Select(completion => CompleteAsync(request, completion, grains, tokens))];
        return new CompletionReply(await Task.WhenAll(receipts));
    }

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
        foreach (string pool in await PoolNamesAsync(store, ct))
        {
            workers.AddRange(await grains.GetGrain<IPoolGrain>(pool).WorkersAsync());
        }

        return TypedResults.Ok(new Page<WorkerView>(workers, null));
    }

    private static async Task<IResult> PoolsAsync(IJobStore store, IGrainFactory grains, CancellationToken ct)
    {
        var pools = new List<PoolView>();
        foreach (string pool in await PoolNamesAsync(store, ct))
        {
            PoolStats stats = await grains.GetGrain<IPoolGrain>(pool).StatsAsync();
            pools.Add(new PoolView(pool, stats.Workers, stats.Slots, stats.Planned, stats.Leased));
        }

        return TypedResults.Ok(pools);
    }

    private static async Task<IEnumerable<string>> PoolNamesAsync(IJobStore store, CancellationToken ct) =>
        (await store.WorkersAsync(null, ct)).Select(worker => worker.Pool).Append(DefaultPool).Distinct().Order(StringComparer.Ordinal);
}
