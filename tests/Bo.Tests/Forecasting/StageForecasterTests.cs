using Orchestrator.Bo.Forecasting;

namespace Orchestrator.Bo.Tests.Forecasting;

/// <summary>Candidates of a stage follow one law: noise that sets in with the rate, descent with the rate that was spent.</summary>
public sealed class StageForecasterTests
{
    private static readonly double[] Rates = [0.01, 0.02, 0.04, 0.08, 0.16];

    private static readonly ForecastTarget Target = new(180, 20);

    [Fact]
    public void A_tenth_of_a_stage_tells_more_than_its_last_losses()
    {
        StageCurve[] seen = [.. Rates.Select(rate => Curve(rate, 20))];
        IReadOnlyList<StageForecast?> forecasts = StageForecaster.Predict(seen, Target);
        double own = Rates.Select((rate, i) => Math.Abs(forecasts[i]!.Mean - Law(rate, 189.5))).Sum();
        double last = Rates.Select((rate, i) => Math.Abs(seen[i].Points.TakeLast(3).Average(p => p.Loss) - Law(rate, 189.5))).Sum();
        Assert.True(own < 0.6 * last, $"{own} against {last}");
    }

    [Fact]
    public void It_sees_that_a_rate_which_is_behind_will_be_ahead()
    {
        StageCurve[] seen = [.. Rates.Select(rate => Curve(rate, 20))];
        int ahead = Best(i => seen[i].Points.TakeLast(3).Average(p => p.Loss));
        int truth = Best(i => Law(Rates[i], 189.5));
        IReadOnlyList<StageForecast?> forecasts = StageForecaster.Predict(seen, Target);
        int told = Best(i => forecasts[i]!.Mean);
        Assert.NotEqual(ahead, truth);
        Assert.True(Law(Rates[told], 189.5) < Law(Rates[ahead], 189.5));
    }

    [Fact]
    public void An_arm_that_decays_loses_its_noise()
    {
        StageCurve[] seen = [.. Rates.Select(rate => Curve(rate, 20))];
        IReadOnlyList<StageForecast?> forecasts = StageForecaster.Predict(seen, Target, [new DecayArm(0.16, 0, 20)]);
        Assert.True(forecasts[^1]!.Mean < forecasts[4]!.Mean);
    }

    /// <summary>A recorded case (a transformer late in its training): the law gave the highest rates any descent.</summary>
    [Fact]
    public void Nobody_is_believed_to_descend_more_than_twice_as_far_as_the_one_in_front()
    {
        (double Rate, double[] Losses)[] recorded =
        [
            (0.0003, [2.3453, 2.3339, 2.3208, 2.3117, 2.3066, 2.3037]), (0.001, [2.3419, 2.32, 2.3111, 2.3013, 2.2998, 2.2979]),
            (0.002, [2.3445, 2.3288, 2.3144, 2.3106, 2.3064, 2.3152]), (0.005, [2.3649, 2.3778, 2.3616, 2.3521, 2.3597, 2.3871]),
            (0.01, [2.4447, 2.4621, 2.4338, 2.448, 2.4728, 2.4838]), (0.03, [2.9535, 2.8161, 2.783, 2.7456, 2.7165, 2.7163]),
        ];
        StageCurve[] seen = [.. recorded.Select(r => new StageCurve(r.Rate, [.. r.Losses.Select((loss, i) => new LossPoint(4 * (i + 1), loss))]))];
        IReadOnlyList<StageForecast?> forecasts = StageForecaster.Predict(seen, new ForecastTarget(240));

        double[] last = [.. recorded.Select(r => r.Losses.TakeLast(3).Average())];
        double front = last[1] - forecasts[1]!.Mean;
        Assert.True(front > 0);
        Assert.All(Enumerable.Range(0, recorded.Length).Where(i => forecasts[i]!.Lawful), i => Assert.True(last[i] - forecasts[i]!.Mean < (2 * front) + 1e-9));
        Assert.True(forecasts[5]!.Mean > forecasts[1]!.Mean);
    }

    [Fact]
    public void A_curve_that_runs_off_follows_no_law_and_changes_nobody_elses_forecast()
    {
        StageCurve[] seen = [.. Rates.Select(rate => Curve(rate, 20))];
        var wild = new StageCurve(1, [.. Enumerable.Range(0, 20).Select(t => new LossPoint(t, 2 + (t * 0.5)))]);
        IReadOnlyList<StageForecast?> without = StageForecaster.Predict(seen, Target);
        IReadOnlyList<StageForecast?> with = StageForecaster.Predict([.. seen, wild], Target);
        Assert.Equal(without, with.Take(Rates.Length));
        Assert.False(with[^1]!.Lawful);
        Assert.True(with[^1]!.Mean > with.Take(Rates.Length).Max(f => f!.Mean));
    }

    [Fact]
    public void Losses_above_nothing_are_not_forecast_below_it()
    {
        StageCurve[] steep = [.. Rates.Select(rate => new StageCurve(rate, [.. Enumerable.Range(0, 10).Select(t => new LossPoint(t, 2.3 * Math.Exp(-rate * t)))]))];
        Assert.All(StageForecaster.Predict(steep, new ForecastTarget(90, 10)), forecast => Assert.True(forecast!.Mean > 0));
    }

    public static TheoryData<string, double[][]> Oddities => new()
    {
        { "one point", [[1]] },
        { "two candidates", [[1, 0.9], [1, 0.8]] },
        { "a constant", [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]] },
        { "nothing at all", [[0, 0, 0], [0, 0, 0], [0, 0, 0]] },
        { "below nothing", [[-1, -2, -3], [-1, -2, -4], [-1, -3, -5]] },
        { "infinite losses among finite ones", [[1, double.NaN, 0.8], [1, double.PositiveInfinity, 0.9], [1, 0.9, 0.7]] },
        { "large", [[1e90, 9e89], [1e90, 8e89], [1e90, 1.1e90]] },
        { "small", [[1e-200, 9e-201], [1e-200, 8e-201], [1e-200, 1.1e-200]] },
    };

    [Theory]
    [MemberData(nameof(Oddities))]
    public void Whatever_finite_losses_it_sees_it_answers(string what, double[][] losses)
    {
        Assert.NotEmpty(what);
        StageCurve[] curves = [.. losses.Select((values, i) => new StageCurve(0.1 * (i + 1), [.. values.Select((loss, t) => new LossPoint(t, loss))]))];
        Assert.All(StageForecaster.Predict(curves, new ForecastTarget(90, 10)), forecast =>
        {
            Assert.True(double.IsFinite(forecast!.Mean));
            Assert.True(forecast.Deviation > 0 && double.IsFinite(forecast.Deviation));
        });
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(1e150)]
    public void No_loss_that_can_be_reckoned_with_no_forecast(double loss) => Assert.Null(
        StageForecaster.Predict([new StageCurve(0.1, [new LossPoint(0, loss)]), Curve(0.1, 20)], Target)[0]);

    private static int Best(Func<int, double> loss) => Enumerable.Range(0, Rates.Length).MinBy(loss);

    /// <summary>The loss at <paramref name="t"/>: noise of the rate, less that of the rate before, less descent.</summary>
    private static double Law(double rate, double t) =>
        1 + ((1 - Math.Exp(-t / 8)) * ((1.5 * rate) - 0.12)) - (0.08 * Math.Log(1 + (rate * t)));

    private static StageCurve Curve(double rate, int steps)
    {
        var random = new Random(steps + (int)(rate * 1000));
        return new StageCurve(rate, [.. Enumerable.Range(0, steps).Select(t => new LossPoint(t, Law(rate, t) + (0.004 * (random.NextDouble() - 0.5))))]);
    }
}
