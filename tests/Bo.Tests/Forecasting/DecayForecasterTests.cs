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
        Assert.InRange(forecast.Deviation, 0, 1e-3);
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
