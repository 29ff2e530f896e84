using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.TestKit.Processes;

/// <summary>What two runs of a reproducible job must have in common, to the last bit.</summary>
public static class ReproducibleResult
{
    /// <summary>A result without the few fields that may differ: wall-clock, job, version, and what was lost, speculative or reused.</summary>
    public static string Of(JobResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return JsonSerializer.Serialize(
            result with
            {
                Job = "",
                Version = "",
                Seconds = new SecondsResult(0, 0),
                Steps = result.Steps with { Lost = 0, Reused = 0, Speculative = 0 },
            },
            WireJson.Options);
    }

    /// <summary>The JSON pointers at which two results differ, each with both values.</summary>
    public static IReadOnlyList<string> Differences(JobResult expected, JobResult found)
    {
        var differences = new List<string>();
        Compare("", JsonNode.Parse(Of(expected)), JsonNode.Parse(Of(found)), differences);
        return differences;
    }

    private static void Compare(string at, JsonNode? expected, JsonNode? found, List<string> differences)
    {
        if (expected is JsonObject a && found is JsonObject b)
        {
            foreach (string name in a.Select(p => p.Key).Union(b.Select(p => p.Key)))
            {
                Compare($"{at}/{name}", a[name], b[name], differences);
            }
        }
        else if (expected is JsonArray x && found is JsonArray y && x.Count == y.Count)
        {
            for (int i = 0; i < x.Count; i++)
            {
                Compare($"{at}/{i}", x[i], y[i], differences);
            }
        }
        else if (expected?.ToJsonString() != found?.ToJsonString())
        {
            differences.Add($"{at}: expected {expected?.ToJsonString() ?? "nothing"}, found {found?.ToJsonString() ?? "nothing"}");
        }
    }
}
