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
    public static ForecastReport Evaluate(IReadOnlyList<RecordedSegment> segments, IForecaster forecaster) =>
        Evaluate(segments, new SeparateForecasts(forecaster));

    /// <summary>The report on <paramref name="forecaster"/>.</summary>
    /// <param name="segments">Recorded segments; those of one (workload, seed, stage) are candidates of one choice.</param>
    /// <param name="forecaster">What to score.</param>
    public static ForecastReport Evaluate(IReadOnlyList<RecordedSegment> segments, IStageForecaster forecaster)
    {
        ArgumentNullException.ThrowIfNull(segments);
        ArgumentNullException.ThrowIfNull(forecaster);
        var last = new SeparateForecasts(new LastValueForecaster());
        var scores = new List<Score>();
        var baseline = new List<Score>();
        foreach (IGrouping<string, RecordedSegment> workload in segments.GroupBy(s => s.Workload).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            long tau = workload.Max(segment => segment.Steps);
            foreach (IGrouping<(int Seed, int Stage), RecordedSegment> stage in workload.GroupBy(segment => (segment.Seed, segment.Stage)))
            {
                scores.AddRange(Judge([.. stage], tau, forecaster));
                baseline.AddRange(Judge([.. stage], tau, last));
            }
        }

        return new ForecastReport(
            [.. scores.Select(s => s.Segment.Workload).Distinct().Select(name => Report(
                name, [.. scores.Where(s => s.Segment.Workload == name)], [.. baseline.Where(s => s.Segment.Workload == name)]))],
            Report("pooled", scores, baseline));
    }

    private static IEnumerable<Score> Judge(RecordedSegment[] stage, long tau, IStageForecaster forecaster)
    {
        LossPoint[][] seen = [.. stage.Select(segment => segment.Validations.TakeWhile(point => point.Step <= tau / 10).ToArray())];
        bool[] finite = [.. stage.Select((segment, i) =>
            segment.Steps >= tau / 10 && seen[i].Length > 0 && seen[i].All(point => double.IsFinite(point.Loss)))];
        int[] told = [.. Enumerable.Range(0, stage.Length).Where(i => finite[i])];
        IReadOnlyList<Forecast?> forecasts = forecaster.Predict([.. told.Select(i => new StageCurve(stage[i].Rate, seen[i]))], new ForecastTarget(tau));
        return stage.Select((segment, i) =>
        {
            bool diverged = segment.Steps < tau || !segment.Finite || segment.Validations.Count == 0;
            return new Score(
                segment, diverged ? double.PositiveInfinity : segment.Validations[^1].Loss, finite[i],
                finite[i] ? forecasts[Array.IndexOf(told, i)] : null, forecaster.Tie);
        });
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
        Score? lowest = stage.Where(score => score.IsUsable).MinBy(score => score.Forecast!.Mean);
        Score? chosen = stage.Where(score => score.IsUsable && score.Forecast!.Mean - lowest!.Forecast!.Mean <= score.Tie * Math.Abs(lowest.Forecast.Mean))
            .MaxBy(score => score.Tie > 0 ? score.Segment.Rate : -score.Forecast!.Mean);
        return double.IsFinite(best) ? (chosen?.Truth ?? double.PositiveInfinity) - best : double.NaN;
    }

    private static double Mean(IEnumerable<double> values) =>
        values.Where(value => !double.IsNaN(value)).DefaultIfEmpty(double.NaN).Average();

    private sealed record Score(RecordedSegment Segment, double Truth, bool SeenFinite, Forecast? Forecast, double Tie)
    {
        public bool IsUsable => Forecast is not null && double.IsFinite(Forecast.Mean) && double.IsFinite(Forecast.Deviation);

        public bool IsCovered => Math.Abs(Truth - Forecast!.Mean) <= Width * Forecast.Deviation;
    }
}
