using Orchestrator.Grains.Storage;

namespace Orchestrator.Silo.Api;

/// <summary>/healthz: the process answers. /readyz: the store does, too.</summary>
internal static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapGet("/healthz", () => TypedResults.Ok(new { status = "ok", version = Grains.Jobs.JobViews.Version }));
        app.MapGet("/readyz", async (IJobStore store, CancellationToken ct) =>
        {
            await store.LiveAsync(ct);
            return TypedResults.Ok(new { status = "ready" });
        });
        app.MapGet("/", () => TypedResults.Ok(new { name = "orchestrator", version = Grains.Jobs.JobViews.Version, api = "/openapi/v1.json", jobs = "/v1/jobs", metrics = "/metrics" }));
    }
}
