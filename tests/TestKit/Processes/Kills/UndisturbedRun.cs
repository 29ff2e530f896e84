using System.Text.Json;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.TestKit.Processes.Kills;

/// <summary>A job left alone: what the same job under kills is held to.</summary>
/// <param name="Result">Its result.</param>
/// <param name="Segment">Time a segment takes, about.</param>
public sealed record UndisturbedRun(JobResult Result, TimeSpan Segment)
{
    private static readonly TimeSpan Hangs = TimeSpan.FromMinutes(4);

    /// <summary>Runs a job on a cluster.</summary>
    public static async Task<UndisturbedRun> OfAsync(ServedCluster cluster, JsonElement spec, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        FollowedJob job = await FollowedJob.SubmitAsync(cluster.Api, spec, ct);
        JobResult result = await job.ResultAsync(Hangs, ct);
        return result is { Status: JobStatus.Succeeded, Steps.Lost: 0 }
            ? new UndisturbedRun(result, TimeSpan.FromSeconds(result.Seconds.Trainer / job.Count("segment_finished")))
            : throw new InvalidOperationException($"The undisturbed job {result.Status} with {result.Steps.Lost} steps lost: {result.Error}");
    }
}
