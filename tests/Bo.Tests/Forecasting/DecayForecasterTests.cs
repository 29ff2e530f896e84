using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Tests.Forecasting;

public sealed class DecayForecasterTests
{
    private static readonly DecayForecaster Forecaster = new();

    [Theory]
    [InlineData(1000, 0.7000000031)]
    [InlineData(100, 0.903002925)]
    public void An_exact_exponential_is_continued(double step, double expected)
    {
        Forecast forecast = Predict(Curve(100, t => 0.7 + (1.5 * Math.Exp(-0.02 * t))), new ForecastTarget(step));
        Assert.Equal(expected, forecast.Mean, 1e-4 * expected);

        // Even a perfect fit is doubted: a tenth of the drop that is still expected, since real curves are no exponentials.
        Assert.InRange(forecast.Deviation, 0, 0.11);
    }

    [Fact]
    public void A_constant_series_is_forecast_as_the_constant()
    {
        Forecast forecast = Predict(Curve(50, _ => 0.25), new ForecastTarget(500));
        Assert.Equal(0.25, forecast.Mean, 1e-6);
        Assert.True(double.IsFinite(forecast.Deviation));
    }

    [Fact]
    public void Odd_series_never_give_a_number_that_is_not_finite()
    {
        foreach (Func<double, double> loss in (Func<double, double>[])
            [_ => 0, t => t, t => -t, t => t % 7 == 3 ? 1e9 : 1, t => 1e-300 * t, t => 1e300, t => Math.Exp(t)])
        {
            foreach (int n in (int[])[1, 2, 3, 5, 100])
            {
                Forecast? forecast = Forecaster.Predict(Curve(n, loss), new ForecastTarget(10 * n));
                Assert.True(forecast is null || (double.IsFinite(forecast.Mean) && double.IsFinite(forecast.Deviation)));
            }
        }
    }

    private static LossPoint[] Curve(int n, Func<double, double> loss) =>
        [.. Enumerable.Range(0, n).Select(t => new LossPoint(t, loss(t)))];

    private static Forecast Predict(LossPoint[] points, ForecastTarget target)
    {
        Forecast? forecast = Forecaster.Predict(points, target);
        Assert.NotNull(forecast);
        return forecast;
    }
}
