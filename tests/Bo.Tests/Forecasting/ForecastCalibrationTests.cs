using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Tests.Forecasting;

public sealed class ForecastCalibrationTests
{
    private static readonly Forecast Promise = new(1, 0.1);

    [Fact]
    public void Before_any_comparison_forecasts_are_taken_as_they_are()
    {
        Assert.Equal(1, ForecastCalibration.None.Widening);
        Assert.False(ForecastCalibration.None.PrefersLast);
        Assert.Null(ForecastCalibration.None.Coverage);
        Assert.Null(ForecastCalibration.None.MeanBias);
    }

    [Fact]
    public void Forecasts_that_come_true_narrow_nothing()
    {
        ForecastCalibration after = After(10, realised: 1, last: 1.2);
        Assert.Equal(1, after.Widening);
        Assert.Equal(1, after.Coverage);
        Assert.Equal(0, after.MeanBias);
    }

    [Fact]
    public void Surprises_widen_one_that_is_beyond_measure_as_one_of_five_deviations()
    {
        // ν = 4: (4 + 9)/(4 + 1) after one surprise of three deviations.
        Assert.Equal(Math.Sqrt(13.0 / 5), ForecastCalibration.None.Compare(Promise, 1.2, 1.3).Widening, 12);
        Assert.Equal(Math.Sqrt(29.0 / 5), ForecastCalibration.None.Compare(Promise, 1.2, 100).Widening, 12);
    }

    [Fact]
    public void A_forecaster_that_does_worse_than_the_last_loss_is_not_listened_to_until_it_does_better()
    {
        ForecastCalibration misled = After(2, realised: 1.4, last: 1.4);
        Assert.False(misled.PrefersLast);
        misled = misled.Compare(Promise, 1.4, 1.4);
        Assert.True(misled.PrefersLast);
        ForecastCalibration mended = misled;
        for (int i = 0; i < 8; i++)
        {
            mended = mended.Compare(Promise, 1.4, 1);
        }

        Assert.False(mended.PrefersLast);
    }

    [Fact]
    public void The_bias_is_signed()
    {
        Assert.True(After(3, realised: 1.1, last: 1).MeanBias > 0);
        Assert.True(After(3, realised: 0.9, last: 1).MeanBias < 0);
    }

    private static ForecastCalibration After(int count, double realised, double last) => Enumerable.Range(0, count)
        .Aggregate(ForecastCalibration.None, (calibration, _) => calibration.Compare(Promise, last, realised));
}
