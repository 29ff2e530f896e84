using CsCheck;
using MathNet.Numerics.Distributions;
using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Numerics;
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
    public void The_limit_of_an_exact_exponential_is_the_closed_form_of_three_of_its_points()
    {
        static double At(double t) => 0.7 + (1.5 * Math.Exp(-0.02 * t));
        (double y0, double y1, double y2) = (At(0), At(50), At(100));
        double rate = Math.Log((y2 - y1) / (y1 - y0)) / 50;
        double limit = ((y0 * y2) - (y1 * y1)) / (y0 + y2 - (2 * y1));
        Assert.Equal(-0.02, rate, 1e-9);
        Assert.Equal(0.7, limit, 1e-9);
        Assert.Equal(limit, Predict(Curve(100, At), new ForecastTarget(5000)).Mean, 1e-4);
    }

    [Fact]
    public void An_exact_exponential_of_any_rate_and_size_is_continued() =>
        Gen.Select(Gen.Double[0.02, 0.25], Gen.Double[0.1, 3], Gen.Double[0.1, 3], Gen.Double[-6, 6]).Sample((rate, drop, limit, unit) =>
        {
            double scale = Math.Pow(10, unit);
            double At(double t) => scale * (limit + (drop * Math.Exp(-rate * t)));
            Assert.Equal(At(1000) / scale, Predict(Curve(100, At), new ForecastTarget(1000)).Mean / scale, 1e-3);
        });

    [Fact]
    public void A_window_is_forecast_as_the_mean_over_it()
    {
        static double At(double t) => 0.7 + (1.5 * Math.Exp(-0.02 * t));
        double expected = Enumerable.Range(110, 40).Average(t => At(t));
        Assert.Equal(expected, Predict(Curve(100, At), new ForecastTarget(110, 40)).Mean, 1e-3);
    }

    [Fact]
    public void A_rising_series_is_forecast_as_its_mean() =>
        Assert.Equal(2, Predict(Curve(101, t => 1 + (0.02 * t)), new ForecastTarget(1000)).Mean, 1e-6);

    [Fact]
    public void A_forecast_is_never_above_the_losses_seen_nor_below_the_floor() =>
        Gen.Double[0.1, 5].Array[5, 60].Sample(losses =>
        {
            double mean = Predict([.. losses.Select((loss, step) => new LossPoint(step, loss))], new ForecastTarget(600)).Mean;
            Assert.InRange(mean, 0, losses.Max());
        });

    [Fact]
    public void No_loss_goes_below_the_floor_that_is_given()
    {
        LossPoint[] curve = Curve(20, t => 2 - (0.05 * t));
        Forecast? forecast = new DecayForecaster(floor: 0.9).Predict(curve, new ForecastTarget(1000));
        Assert.InRange(forecast!.Mean, 0.9, 1.05);
    }

    [Fact]
    public void One_spike_of_up_to_a_hundred_times_the_loss_moves_the_forecast_by_less_than_a_quarter() =>
        Gen.Select(Gen.Int[1, 99], Gen.Double[1, 100], Gen.Int[0, 20]).Sample((at, height, seed) =>
        {
            // Not the first loss: every fast decay explains that one.
            LossPoint[] curve = Noisy(seed, 0.02);
            double before = Predict(curve, new ForecastTarget(1000)).Mean;
            curve[at] = new LossPoint(at, curve[at].Loss + height);
            double after = Predict(curve, new ForecastTarget(1000)).Mean;
            Assert.True(Math.Abs(after - before) < 0.25, $"A spike of {height} at {at} moved the forecast from {before} to {after} (seed {seed}).");
        });

    [Fact]
    public void More_noise_and_a_further_end_make_it_less_certain()
    {
        double Mean(double noise, double end) => Enumerable.Range(0, 20).Average(seed => Predict(Noisy(seed, noise), new ForecastTarget(end)).Deviation);
        Assert.True(Mean(0.3, 1000) > 1.2 * Mean(0.01, 1000), "Noise does not show.");
        Assert.True(Mean(0.1, 5000) > Mean(0.1, 120), "Distance does not show.");
    }

    [Fact]
    public void What_is_its_own_of_a_deviation_leaves_out_what_all_forecasts_share()
    {
        Assert.Equal(0.3, DecayForecaster.OwnDeviation(Math.Sqrt(0.09 + 0.04), level: 2), 1e-12);
        Assert.Equal(0, DecayForecaster.OwnDeviation(0.1, level: 2));
    }

    /// <summary>The beginning of 1 + e^(−0.03 t) with normal noise.</summary>
    private static LossPoint[] Noisy(int seed, double noise)
    {
        Random random = RandomStreams.Generator(seed, "noisy", 0);
        return Curve(100, t => 1 + Math.Exp(-0.03 * t) + Normal.Sample(random, 0, noise));
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
