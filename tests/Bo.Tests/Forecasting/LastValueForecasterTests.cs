using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Tests.Forecasting;

public sealed class LastValueForecasterTests
{
    private static readonly LossPoint[] Losses = [new(0, 9), new(1, 4), new(2, 2), new(3, double.NaN)];

    [Fact]
    public void The_last_finite_loss_is_the_forecast() =>
        Assert.Equal(new Forecast(2, 0), new LastValueForecaster().Predict(Losses, new ForecastTarget(100)));

    [Fact]
    public void Or_the_mean_of_the_last_few_and_their_deviation() =>
        Assert.Equal(new Forecast(3, 1), new LastValueForecaster(2).Predict(Losses, new ForecastTarget(100)));

    [Fact]
    public void Or_of_all_there_are() =>
        Assert.Equal(5, new LastValueForecaster(10).Predict(Losses, new ForecastTarget(100))!.Mean);
}
