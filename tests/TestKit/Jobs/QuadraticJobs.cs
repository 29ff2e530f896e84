using System.Text.Json.Nodes;

namespace Orchestrator.TestKit.Jobs;

/// <summary>Job files on the noisy quadratic: whole jobs that <see cref="Workers.ProtocolWorker"/> runs in an instant.</summary>
public static class QuadraticJobs
{
    /// <summary>A fixed schedule: warm-up by hand, then cosine.</summary>
    public static JsonObject Fixed(string pool, int steps = 60, int? segmentSteps = null) => Job(
        pool,
        steps,
        new JsonObject
        {
            ["algorithm"] = "fixed",
            ["settings"] = new JsonObject { ["kind"] = "cosine", ["peak"] = 0.1, ["final"] = 0.01 },
        },
        segmentSteps);

    /// <summary>Slopes whose lengths divide nothing evenly: where the order of operations shows in the last bit.</summary>
    public static JsonObject Slopes(string pool) => Job(
        pool,
        60,
        new JsonObject
        {
            ["algorithm"] = "fixed",
            ["settings"] = new JsonObject
            {
                ["kind"] = "runs",
                ["runs"] = JsonNode.Parse("[[7, 0.1, 0.037], [13, 0.037, 0.2], [1, 0.2, 0.2], [39, 0.2, 0.0013]]"),
            },
        },
        null);

    /// <summary>AutoLRS: stages with probes.</summary>
    public static JsonObject AutoLrs(string pool, int steps = 120, int stageSteps = 40, int probeSteps = 8, int candidates = 3) =>
        Searched("autolrs", pool, steps, stageSteps, probeSteps, candidates);

    /// <summary>AutoLRS as it was published.</summary>
    public static JsonObject Reference(string pool, int steps = 120, int stageSteps = 20, int probeSteps = 5, int candidates = 3) =>
        Searched("autolrs-reference", pool, steps, stageSteps, probeSteps, candidates);

    private static JsonObject Searched(string algorithm, string pool, int steps, int stageSteps, int probeSteps, int candidates) => Job(
        pool,
        steps,
        new JsonObject
        {
            ["algorithm"] = algorithm,
            ["range"] = new JsonObject { ["min"] = 0.001, ["max"] = 0.5 },
            ["settings"] = new JsonObject { ["stageSteps"] = stageSteps, ["probeSteps"] = probeSteps, ["candidates"] = candidates },
        },
        null);

    private static JsonObject Job(string pool, int steps, JsonObject schedule, int? segmentSteps)
    {
        var job = new JsonObject
        {
            ["name"] = "quadratic",
            ["trainer"] = new JsonObject { ["workload"] = "noisy-quadratic" },
            ["objective"] = new JsonObject { ["metric"] = "validation_loss", ["type"] = "minimize" },
            ["steps"] = steps,
            ["schedule"] = schedule,
            ["resources"] = new JsonObject { ["pool"] = pool },
        };
        if (segmentSteps is { } longest)
        {
            job["segmentSteps"] = longest;
        }

        return job;
    }
}
