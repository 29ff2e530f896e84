using Orchestrator.Bo.Numerics;
using Orchestrator.Bo.Surrogates;

namespace Orchestrator.Bo.Searches.AutoLrs;

/// <summary>What probing a stage is expected to bring, from what the stages before it showed.</summary>
internal static class StageGain
{
    /// <summary>Stages after which a memory says nothing more.</summary>
    private const double Horizon = 4;

    /// <summary>
    /// The largest expected improvement of a candidate over the running rate, as a share of the loss at the end of the
    /// stage; null where nothing is remembered.
    /// </summary>
    public static double? Of(AutoLrsState state, LogRange range, IReadOnlyList<double> candidates)
    {
        if (state.Memory.IsEmpty || state.Running is not { } running)
        {
            return null;
        }

        GaussianProcess process = GaussianProcess.Fit(new Observations(
            [.. state.Memory.Select(memory => Point(range, memory, state.Stage))],
            [.. state.Memory.Select(memory => memory.Change)],
            [.. state.Memory.Select(memory => Math.Max(memory.Deviation, 1e-6))]));
        double[] at = [range.Encode(running), 1];
        Prediction own = process.Predict(at);
        return candidates.Where(rate => rate != running).Select(rate =>
        {
            double[] point = [range.Encode(rate), 1];
            Prediction other = process.Predict(point);
            double deviation = Math.Sqrt(Math.Max(own.Variance + other.Variance - (2 * process.Covariance(at, point)), 1e-18));
            return deviation * Math.Exp(NormalTail.LogExcess((own.Mean - other.Mean) / deviation));
        }).DefaultIfEmpty(0).Max();
    }

    /// <summary>Where a memory lies: its log rate, and how recent it is.</summary>
    public static double[] Point(LogRange range, Remembered memory, int stage) =>
        [range.Encode(memory.Rate), Math.Clamp(1 - ((stage - memory.Stage) / Horizon), 0, 1)];
}
