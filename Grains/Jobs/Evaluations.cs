using System.Text.Json.Nodes;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Grains.Jobs;

/// <summary>What validations cost, in steps.</summary>
public static class Evaluations
{
    /// <summary>
    /// Forward samples ÷ (3 × batch size), rounded once: a step goes forward and backward, and backward costs twice.
    /// 0 where nobody knows the batch size.
    /// </summary>
    public static long Steps(JobSpec spec, JobPlacement placement, long samples)
    {
        long batch = spec.Settings["batchSize"] is JsonValue value && value.TryGetValue(out long own) ? own : placement.BatchSize;
        return batch <= 0 ? 0 : (long)Math.Round(samples / (3.0 * batch));
    }
}
