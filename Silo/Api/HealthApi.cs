using Orchestrator.Silo.Storage;

namespace Orchestrator.Silo.Api;

/// <summary>/healthz: the process answers. /readyz: the store takes and gives, too; else 503 says why it does not.</summary>
internal static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapGet("/healthz", () => TypedResults.Ok(new { status = "ok", version = Grains.Jobs.JobViews.Version })).WithName("health");
        app.MapGet("/readyz", async (IStoreProbe store, CancellationToken ct) =>
        {
            await store.ProbeAsync(ct);
            return TypedResults.Ok(new { status = "ready" });
        }).WithName("ready").ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        app.MapGet("/", () => TypedResults.Ok(new { name = "orchestrator", version = Grains.Jobs.JobViews.Version, api = "/openapi/v1.json", jobs = "/v1/jobs", metrics = "/metrics" })).WithName("about");
    }
}
