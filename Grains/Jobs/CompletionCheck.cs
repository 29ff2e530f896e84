using System.Text;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Grains.Jobs;

/// <summary>
/// Whether a result is what was planned. Whatever a worker sends, the answer is a sentence and never an exception: a
/// batch holds the results of others too.
/// </summary>
public static class CompletionCheck
{
    /// <summary>What is wrong with a result that claims to have succeeded or diverged; null = nothing.</summary>
    /// <param name="state">The job.</param>
    /// <param name="segment">The segment, which waits for a result.</param>
    /// <param name="result">What was told.</param>
    /// <param name="series">Its points; empty when it brought none.</param>
    public static string? Problem(JobState state, SegmentRecord segment, Completion result, out IReadOnlyList<SeriesPoint> series)
    {
        series = [];
        if (result.Steps < 0 || result.Steps > segment.Steps)
        {
            return $"It made {result.Steps} steps; {segment.Steps} were planned.";
        }

        bool succeeded = result.Outcome == CompletionOutcome.Succeeded;
        if (succeeded && result.Checkpoint is null && (segment.Output || result.Steps < segment.Steps) && result.Steps > 0)
        {
            return "It brought no checkpoint, although one was wanted.";
        }

        if (result.Checkpoint is { } checkpoint && !BlobReference.IsAddress(checkpoint.Sha256))
        {
            return $"Its checkpoint is named '{checkpoint.Sha256}'; a SHA-256 of 64 lower-case hexadecimal digits is wanted.";
        }

        if (segment.FinalSplit is not null && succeeded && result.Metrics is not { Count: > 0 })
        {
            return "It brought no metrics, although it was an evaluation.";
        }

        if ((result.Validations ?? []).Any(validation => validation is not { Metrics: not null, Samples: null or >= 0 }
            || validation.Step < segment.Start || validation.Step > segment.Start + result.Steps))
        {
            return "One of its validations has no metrics, a negative number of samples, or a step that it did not make.";
        }

        return segment.Stretch >= 0 && (result.Series is not null || (succeeded && result.Steps > 0))
            ? SeriesProblem(SegmentPlanner.Plan(state.Stretches[segment.Stretch].Plan, segment), segment, result, out series)
            : null;
    }

    private static string? SeriesProblem(RatePlan plan, SegmentRecord segment, Completion result, out IReadOnlyList<SeriesPoint> series)
    {
        series = [];
        if (result.Series is null)
        {
            return "It brought no series.";
        }

        try
        {
            series = SeriesCsv.Parse(Encoding.UTF8.GetBytes(result.Series));
        }
        catch (FormatException e)
        {
            return $"Its series cannot be read: {e.Message}";
        }

        // The step at which a guard fires is measured, and not made.
        long most = result.Outcome == CompletionOutcome.Diverged ? Math.Min(result.Steps + 1, segment.Steps) : result.Steps;
        if (series.Count < result.Steps || series.Count > most)
        {
            return $"Its series has {series.Count} points for {result.Steps} steps.";
        }

        double[] rates = plan.Expand(series.Count);
        for (int i = 0; i < rates.Length; i++)
        {
            if (series[i].Step != segment.Start + i)
            {
                return $"Point {i} of its series is of step {series[i].Step}; step {segment.Start + i} was planned.";
            }

            if (BitConverter.DoubleToInt64Bits(series[i].Rate) != BitConverter.DoubleToInt64Bits(rates[i]))
            {
                return $"wrong_rates: step {i} of the segment ran at {series[i].Rate}, not at {rates[i]} as planned.";
            }
        }

        return null;
    }
}
