using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Benchmarks.OnTheClock;

/// <summary>A job that was run with a seed.</summary>
/// <param name="Job">Its file.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Slots">Slots it was run on; null = not recorded.</param>
/// <param name="Result">Its result; null where it was not to be had.</param>
/// <param name="Failure">Why it has no model; null = it has one.</param>
/// <param name="Record">What happened; null as the result.</param>
internal sealed record ClockRun(ClockJob Job, long Seed, int? Slots, JobResult? Result, string? Failure, RecordedJob? Record)
{
    /// <summary>Training + search + evaluation, in trainings; null where nothing is known.</summary>
    public double? Total => (double?)Result?.Steps.Charged / Job.Steps;

    /// <summary>Seconds that a segment took beside its trainer's; null = unknown.</summary>
    public double? Overhead => Result is { Seconds.Wall: var wall } && Slots is { } slots ? Record?.Overhead(slots, wall) : null;

    /// <summary>The final loss on validation; null where there is no model.</summary>
    public double? Validation => Metric("validation_loss");

    /// <summary>A run that came to its end, good or bad.</summary>
    public static ClockRun Of(ClockJob job, long seed, int? slots, JobResult result, IEnumerable<JobEventView> events) => new(
        job, seed, slots, result, result.Status == JobStatus.Succeeded ? null : result.Error?.Message ?? $"{result.Status}", new RecordedJob(events));

    /// <summary>A metric of the final model; null where it has none.</summary>
    public double? Metric(string name) => Failure is null && Result!.Metrics.TryGetValue(name, out double value) ? value : null;
}
