using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Tests.Forecasting;

public sealed class ParabolaForecasterTests
{
    [Fact]
    public void Of_a_parabola_the_best_exponential_through_it_is_continued()
    {
        // Slow enough that a parabola is the curve: the published filter changes nothing.
        static double At(double t) => 0.7 + (1.5 * Math.Exp(-0.004 * t));
        Forecast? forecast = new ParabolaForecaster().Predict(Curve(100, At), new ForecastTarget(300));
        Assert.Equal(At(300), forecast!.Mean, 0.02);
    }

    [Fact]
    public void A_spike_is_dropped_in_either_half()
    {
        foreach (int at in (int[])[20, 80])
        {
            LossPoint[] curve = Curve(100, t => 0.7 + (1.5 * Math.Exp(-0.004 * t)));
            double before = new ParabolaForecaster().Predict(curve, new ForecastTarget(300))!.Mean;
            curve[at] = new LossPoint(at, 1e6);
            Assert.Equal(before, new ParabolaForecaster().Predict(curve, new ForecastTarget(300))!.Mean, 0.02);
            Assert.Equal(before, new ParabolaForecaster(passes: 1).Predict(curve, new ForecastTarget(300))!.Mean, 0.02);
        }
    }

    [Fact]
    public void Too_few_losses_for_a_parabola_are_forecast_as_their_mean()
    {
        Forecast? forecast = new ParabolaForecaster().Predict([new(0, 1), new(1, 2), new(2, 3)], new ForecastTarget(30));
        Assert.Equal(2, forecast!.Mean);
        Assert.Equal(Math.Sqrt(2.0 / 3), forecast.Deviation, 1e-12);
    }

    private static LossPoint[] Curve(int n, Func<double, double> loss) => [.. Enumerable.Range(0, n).Select(t => new LossPoint(t, loss(t)))];
}
