using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Forecasting.Evaluation;
using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Tests.Forecasting;

/// <summary>Scores that can be worked out by hand.</summary>
public sealed class ForecastEvaluatorTests
{
    /// <summary>τ = 100: what is seen ends at step 10, and later losses must play no role.</summary>
    private static readonly RecordedSegment[] Stage =
    [
        Segment(0.01, 100, (5, 9), (10, 2.0), (50, 0), (100, 1.5)),
        Segment(0.03, 100, (5, 9), (10, 1.5), (50, 0), (100, 1.0)),
        Segment(0.1, 100, (5, 9), (10, 1.0), (50, 0), (100, 1.2)),
    ];

    [Fact]
    public void The_last_value_is_the_last_loss_of_the_first_tenth_and_the_truth_that_of_the_end()
    {
        WorkloadReport report = Assert.Single(ForecastEvaluator.Evaluate(Stage, new LastValueForecaster()).Workloads);
        Assert.Equal(("w", 3, 0, 0), (report.Workload, report.Segments, report.Diverged, report.Failures));
        Assert.Equal(1 / 3.0, report.Error.Median, 1e-12);
        Assert.Equal(0.2, report.Regret, 1e-12);
        Assert.Equal(0.5, report.Spearman, 1e-12);
        Assert.Equal(0, report.Coverage);
        Assert.Equal(report.Regret, report.LastValue!.Regret);
        Assert.Null(report.LastValue.Coverage);
    }

    [Fact]
    public void The_forecaster_sees_the_first_tenth_and_is_asked_for_the_end()
    {
        var asked = new List<(double Last, ForecastTarget Target)>();
        ForecastEvaluator.Evaluate(Stage, new Told((points, target) =>
        {
            asked.Add((points[^1].Step, target));
            return new Forecast(1, 1);
        }));
        Assert.All(asked, call => Assert.Equal((10, new ForecastTarget(100)), call));
        Assert.Equal(3, asked.Count);
    }

    [Fact]
    public void Regret_is_a_mean_over_stages_and_coverage_over_segments()
    {
        RecordedSegment[] two = [.. Stage, .. Stage.Select(segment => segment with { Stage = 1, Validations = [new(10, 1), new(100, 3)] })];

        // The interval 1 ± 1.2816 · 0.2 holds 1.0 and 1.2 of the first stage, and none of the second.
        WorkloadReport report = ForecastEvaluator.Evaluate(two, new Told((_, _) => new Forecast(1, 0.2))).Pooled;
        Assert.Equal(2 / 6.0, report.Coverage!.Value, 1e-12);
        Assert.Equal(0.5 / 2, report.Regret, 1e-12);
        Assert.Equal(("pooled", 6), (report.Workload, report.Segments));
    }

    [Fact]
    public void A_segment_that_is_short_or_not_finite_diverged_and_is_worth_infinitely_much_if_it_is_chosen()
    {
        RecordedSegment[] stage = [.. Stage, Segment(1, 40, (5, 9), (10, 0.5)), Segment(3, 100, (5, 9), (10, 0.7)) with { Finite = false }];
        WorkloadReport report = ForecastEvaluator.Evaluate(stage, new LastValueForecaster()).Pooled;
        Assert.Equal(2, report.Diverged);
        Assert.Equal(double.PositiveInfinity, report.Regret);
        Assert.Equal(1 / 3.0, report.Error.Median, 1e-12);
        Assert.Equal(0, report.Failures);
    }

    [Fact]
    public void A_segment_that_diverged_within_what_is_seen_is_neither_chosen_nor_a_failure()
    {
        RecordedSegment[] stage = [.. Stage, Segment(1, 8, (5, 0.1)), Segment(3, 100, (5, 0.1), (10, double.NaN)) with { Finite = false }];
        WorkloadReport report = ForecastEvaluator.Evaluate(stage, new LastValueForecaster()).Pooled;
        Assert.Equal(2, report.Diverged);
        Assert.Equal(0.2, report.Regret, 1e-12);
        Assert.Equal(0, report.Failures);
    }

    [Fact]
    public void A_forecast_that_is_missing_or_not_finite_is_a_failure()
    {
        Assert.Equal(3, ForecastEvaluator.Evaluate(Stage, new Told((_, _) => null)).Pooled.Failures);
        Assert.Equal(3, ForecastEvaluator.Evaluate(Stage, new Told((_, _) => new Forecast(double.NaN, 1))).Pooled.Failures);
        Assert.Equal(3, ForecastEvaluator.Evaluate(Stage, new Told((_, _) => new Forecast(1, double.PositiveInfinity))).Pooled.Failures);
    }

    private static RecordedSegment Segment(double rate, long steps, params (double Step, double Loss)[] validations) => new(
        "w", Seed: 0, Stage: 0, rate, steps, Finite: true, [.. validations.Select(v => new LossPoint(v.Step, v.Loss))]);

    private sealed class Told(Func<IReadOnlyList<LossPoint>, ForecastTarget, Forecast?> answer) : IForecaster
    {
        public Forecast? Predict(IReadOnlyList<LossPoint> points, ForecastTarget target) => answer(points, target);
    }
}
