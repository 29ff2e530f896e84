using System.Text.Json;
using Orchestrator.Silo.Tests.Serving;

namespace Orchestrator.Silo.Tests.Api;

public sealed class OpenApiTests(ServedSilo served) : ServedTest(served)
{
    private static readonly string[] Routes =
    [
        "GET /", "GET /healthz", "GET /readyz",
        "POST /v1/jobs", "GET /v1/jobs",
        "GET /v1/jobs/{job}", "PATCH /v1/jobs/{job}", "DELETE /v1/jobs/{job}",
        "POST /v1/jobs/{job}:pause", "POST /v1/jobs/{job}:resume", "POST /v1/jobs/{job}:cancel", "POST /v1/jobs/{job}:fork",
        "GET /v1/jobs/{job}/events", "GET /v1/jobs/{job}/spec", "GET /v1/jobs/{job}/schedule", "GET /v1/jobs/{job}/trials",
        "GET /v1/jobs/{job}/segments", "GET /v1/jobs/{job}/curves", "GET /v1/jobs/{job}/model", "GET /v1/jobs/{job}/result",
        "GET /v1/segments/{job}/{segment}/log", "GET /v1/workers", "GET /v1/pools",
        "PUT /v1/pools/{pool}/workers/{worker}", "POST /v1/pools/{pool}/leases", "POST /v1/heartbeats", "POST /v1/completions",
        "GET /v1/blobs/{sha256}", "POST /v1/blobs:upload",
    ];

    [Fact]
    public async Task Every_route_is_described()
    {
        (string Route, JsonElement Operation)[] described = await OperationsAsync();
        Assert.Equal(Routes.Order(StringComparer.Ordinal), described.Select(d => d.Route).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_operation_has_a_name_of_its_own_and_what_it_answers()
    {
        (string Route, JsonElement Operation)[] described = await OperationsAsync();
        Assert.Equal(described.Length, described.Select(d => d.Operation.Text("operationId")).Distinct().Count());
        Assert.All(described, d => Assert.NotEmpty(d.Operation.GetProperty("responses").EnumerateObject()));
        Assert.All(
            described.Where(d => d.Route.StartsWith("PUT", StringComparison.Ordinal) || d.Route is "POST /v1/jobs" or "POST /v1/completions" or "POST /v1/heartbeats"),
            d => Assert.True(d.Operation.TryGetProperty("requestBody", out _), $"{d.Route} says nothing of its body"));
    }

    private async Task<(string Route, JsonElement Operation)[]> OperationsAsync()
    {
        JsonElement api = await Http.GetAsync("/openapi/v1.json", Ct).OkAsync();
        return
        [
            .. api.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject()
                .Select(operation => ($"{operation.Name.ToUpperInvariant()} {path.Name}", operation.Value))),
        ];
    }
}
