using MathNet.Numerics.Distributions;
using MathNet.Numerics.Statistics;
using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Forecasting.Evaluation;

/// <summary>
/// Scores a forecaster on recorded segments. τ is the longest segment of a workload; the forecaster sees the
/// validation losses of the first τ/10 steps, and the last validation loss of the segment is the truth.
/// </summary>
public static class ForecastEvaluator
{
    /// <summary>Half the width of the 80 % interval in standard deviations.</summary>
    private static readonly double Width = Normal.InvCDF(0, 1, 0.9);

    /// <summary>The report on <paramref name="forecaster"/>.</summary>
    /// <param name="segments">Recorded segments; those of one (workload, seed, stage) are candidates of one choice.</param>
    /// <param name="forecaster">What to score.</param>
    public static ForecastReport Evaluate(IReadOnlyList<RecordedSegment> segments, IForecaster forecaster)
    {
        ArgumentNullException.ThrowIfNull(segments);
        ArgumentNullException.ThrowIfNull(forecaster);
        var last = new LastValueForecaster();
        var scores = new List<Score>();
        var baseline = new List<Score>();
        foreach (IGrouping<string, RecordedSegment> workload in segments.GroupBy(s => s.Workload).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            long tau = workload.Max(segment => segment.Steps);
            scores.AddRange(workload.Select(segment => Judge(segment, tau, forecaster)));
            baseline.AddRange(workload.Select(segment => Judge(segment, tau, last)));
        }

        return new ForecastReport(
            [.. scores.Select(s => s.Segment.Workload).Distinct().Select(name => Report(
                name, [.. scores.Where(s => s.Segment.Workload == name)], [.. baseline.Where(s => s.Segment.Workload == name)]))],
            Report("pooled", scores, baseline));
    }

    private static Score Judge(RecordedSegment segment, long tau, IForecaster forecaster)
    {
        bool diverged = segment.Steps < tau || !segment.Finite || segment.Validations.Count == 0;
        double truth = diverged ? double.PositiveInfinity : segment.Validations[^1].Loss;
        LossPoint[] seen = [.. segment.Validations.TakeWhile(point => point.Step <= tau / 10)];
        bool finite = segment.Steps >= tau / 10 && seen.Length > 0 && seen.All(point => double.IsFinite(point.Loss));
        return new Score(segment, truth, finite, finite ? forecaster.Predict(seen, new ForecastTarget(tau)) : null);
    }

    private static WorkloadReport Report(string name, IReadOnlyList<Score> scores, IReadOnlyList<Score>? baseline)
    {
        Score[] judged = [.. scores.Where(score => score.IsUsable && double.IsFinite(score.Truth))];
        double[] errors = [.. judged.Select(score => Math.Abs(score.Forecast!.Mean - score.Truth) / Math.Abs(score.Truth)).Order()];
        Score[][] choices = [.. scores.GroupBy(s => (s.Segment.Workload, s.Segment.Seed, s.Segment.Stage)).Select(g => g.ToArray())];
        return new WorkloadReport(
            name,
            scores.Count,
            scores.Count(score => double.IsPositiveInfinity(score.Truth)),
            scores.Count(score => score.SeenFinite && !score.IsUsable),
            new ErrorSummary(SortedArrayStatistics.Median(errors), SortedArrayStatistics.Quantile(errors, 0.9)),
            Mean(choices.Select(RankCorrelation)),
            Mean(choices.Select(Regret)),
            baseline is null || judged.Length == 0 ? null : judged.Average(score => score.IsCovered ? 1.0 : 0.0),
            baseline is null ? null : Report(name, baseline, null));
    }

    private static double RankCorrelation(Score[] stage)
    {
        Score[] judged = [.. stage.Where(score => score.IsUsable && double.IsFinite(score.Truth))];
        return judged.Length < 3
            ? double.NaN
            : Correlation.Spearman(judged.Select(s => s.Forecast!.Mean), judged.Select(s => s.Truth));
    }

    private static double Regret(Score[] stage)
    {
        double best = stage.Min(score => score.Truth);
        Score? chosen = stage.Where(score => score.IsUsable).MinBy(score => score.Forecast!.Mean);
        return double.IsFinite(best) ? (chosen?.Truth ?? double.PositiveInfinity) - best : double.NaN;
    }

    private static double Mean(IEnumerable<double> values) =>
        values.Where(value => !double.IsNaN(value)).DefaultIfEmpty(double.NaN).Average();

    private sealed record Score(RecordedSegment Segment, double Truth, bool SeenFinite, Forecast? Forecast)
    {
        public bool IsUsable => Forecast is not null && double.IsFinite(Forecast.Mean) && double.IsFinite(Forecast.Deviation);

        public bool IsCovered => Math.Abs(Truth - Forecast!.Mean) <= Width * Forecast.Deviation;
    }
}
