using System.Text.Json;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Silo.Tests.Serving;

/// <summary>What may not differ between two runs of a reproducible job.</summary>
internal static class Essence
{
    public static string Of(JobResult result) => JsonSerializer.Serialize(
        result with
        {
            Job = "",
            Version = "",
            Seconds = new SecondsResult(0, 0),
            Steps = result.Steps with { Lost = 0, Reused = 0, Speculative = 0 },
        },
        WireJson.Options);
}
