using CsCheck;
using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Tests.Forecasting;

/// <summary>What every forecaster must do with any series whatever.</summary>
public abstract class ForecasterContract
{
    private static readonly double[] Edges =
    [
        double.NaN, double.PositiveInfinity, double.NegativeInfinity, 0, 1e-300, -1e-300, 1e99, -1e99, 1e150, -1e150,
        double.MaxValue, double.MinValue, double.Epsilon,
    ];

    /// <summary>Losses as they come, and as they must not come.</summary>
    private static readonly Gen<double> Odd = Gen.Frequency(
        (6, Gen.Double[0, 10]), (1, Gen.Double), (2, Gen.Int[0, Edges.Length - 1].Select(i => Edges[i])));

    private static readonly Gen<LossPoint[]> Series = Gen.OneOf(
        Odd.Array[0, 200].Select(losses => losses.Select((loss, step) => new LossPoint(step, loss)).ToArray()),
        Gen.Select(Gen.Double[-3, 3], Gen.Double[-400, 400], Gen.Int[1, 200]).Select((rate, size, n) =>
            Enumerable.Range(0, n).Select(t => new LossPoint(t, Math.Exp(Math.Clamp((rate * t) + size, -700, 700)))).ToArray()),
        Gen.Select(Gen.Double[0, 5].Array[1, 50], Gen.Double[0.1, 50]).Select((losses, gap) =>
            losses.Select((loss, i) => new LossPoint(i * i * gap, loss)).ToArray()),
        Gen.Double[0, 5].Array[1, 20].Select(losses => losses.Select(loss => new LossPoint(7, loss)).ToArray()));

    /// <summary>The forecaster under test.</summary>
    protected abstract IForecaster Create();

    [Fact]
    public void Any_series_of_any_length_has_a_finite_forecast_or_none_and_nothing_throws()
    {
        IForecaster forecaster = Create();
        Gen.Select(Series, Gen.Double[1, 10_000], Gen.Long[1, 1000]).Sample(
            (points, ahead, count) =>
            {
                Forecast? forecast = forecaster.Predict(points, new ForecastTarget((points.Length == 0 ? 0 : points[^1].Step) + ahead, count));
                if (forecast is null)
                {
                    Assert.DoesNotContain(points, point => Math.Abs(point.Loss) < 1e100);
                    return;
                }

                Assert.True(double.IsFinite(forecast.Mean), $"The mean is {forecast.Mean}.");
                Assert.True(double.IsFinite(forecast.Deviation) && forecast.Deviation >= 0, $"The deviation is {forecast.Deviation}.");
            },
            iter: 1000);
    }

    [Fact]
    public void Without_a_finite_loss_there_is_no_forecast()
    {
        Assert.Null(Create().Predict([], new ForecastTarget(10)));
        Assert.Null(Create().Predict([new(0, double.NaN), new(1, double.PositiveInfinity)], new ForecastTarget(10)));
    }

    [Fact]
    public void Losses_that_are_not_finite_are_as_if_they_were_not_there()
    {
        LossPoint[] points = [.. Enumerable.Range(0, 40).Select(t => new LossPoint(t, 1 + Math.Exp(-0.1 * t)))];
        LossPoint[] holes = [.. points.SelectMany(point => new[] { point, new LossPoint(point.Step, double.NaN) })];
        Assert.Equal(Create().Predict(points, new ForecastTarget(400)), Create().Predict(holes, new ForecastTarget(400)));
    }

    [Theory]
    [InlineData(0.25)]
    [InlineData(0)]
    [InlineData(-3)]
    public void A_constant_series_is_forecast_as_the_constant(double value)
    {
        foreach (int n in (int[])[1, 2, 3, 4, 5, 50])
        {
            Forecast? forecast = Create().Predict([.. Enumerable.Range(0, n).Select(t => new LossPoint(t, value))], new ForecastTarget(500));
            Assert.NotNull(forecast);
            Assert.Equal(value, forecast.Mean, 1e-6);
            Assert.True(double.IsFinite(forecast.Deviation));
        }
    }

    [Fact]
    public void The_same_series_gives_the_same_bits()
    {
        LossPoint[] points = [.. Enumerable.Range(0, 100).Select(t => new LossPoint(t, 1 + Math.Exp(-0.03 * t) + (0.1 * Math.Sin(t * t))))];
        Assert.Equal(Create().Predict(points, new ForecastTarget(900, 100)), Create().Predict(points, new ForecastTarget(900, 100)));
    }
}

public sealed class DecayForecasterContractTests : ForecasterContract
{
    protected override IForecaster Create() => new DecayForecaster();
}

public sealed class ParabolaForecasterContractTests : ForecasterContract
{
    protected override IForecaster Create() => new ParabolaForecaster();
}

public sealed class SinglePassParabolaForecasterContractTests : ForecasterContract
{
    protected override IForecaster Create() => new ParabolaForecaster(passes: 1);
}

public sealed class LastValueForecasterContractTests : ForecasterContract
{
    protected override IForecaster Create() => new LastValueForecaster();
}

public sealed class LastTenValuesForecasterContractTests : ForecasterContract
{
    protected override IForecaster Create() => new LastValueForecaster(10);
}
