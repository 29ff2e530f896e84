using CsCheck;
using Orchestrator.Bo.Surrogates;

namespace Orchestrator.Bo.Tests.Surrogates;

/// <summary>A process does not care in what unit, or from what zero, its targets are measured.</summary>
public sealed class ScaleTests
{
    [Fact]
    public void Targets_in_another_unit_give_the_same_hyperparameters_bit_for_bit() =>
        Gen.Select(ProcessSamples.Observations, Gen.Int[-300, 300]).Sample(
            (observations, exponent) =>
            {
                // A power of two changes no digit.
                double unit = Math.ScaleB(1, exponent);
                var scaled = new Observations(
                    observations.Points, [.. observations.Targets.Select(y => y * unit)], [.. observations.Deviations.Select(d => d * unit)]);
                var one = GaussianProcess.Fit(observations);
                var other = GaussianProcess.Fit(scaled);
                double[] x = observations.Points[0];
                Assert.Equal(one.Hyperparameters.ToLog(), other.Hyperparameters.ToLog());
                Assert.Equal(one.Predict(x).Mean * unit, other.Predict(x).Mean);
                Assert.Equal(one.Predict(x).Variance * unit * unit, other.Predict(x).Variance);
            },
            iter: 30);

    [Fact]
    public void Mean_and_deviation_follow_any_scale_and_shift() =>
        Gen.Select(ProcessSamples.Processes, Gen.Double[-12, 12], Gen.Double[-100, 100]).Sample((sample, exponent, shift) =>
        {
            double scale = Math.Pow(10, exponent);
            Observations o = sample.Observations;
            var moved = new Observations(
                o.Points, [.. o.Targets.Select(y => scale * (y + shift))], [.. o.Deviations.Select(d => scale * d)]);
            Prediction one = GaussianProcess.With(o, sample.Hyperparameters).Predict(sample.X);
            Prediction other = GaussianProcess.With(moved, sample.Hyperparameters).Predict(sample.X);
            Assert.Equal(one.Mean, (other.Mean / scale) - shift, 1e-8);
            Assert.Equal(one.Deviation, other.Deviation / scale, 1e-6);
        });

    [Theory]
    [InlineData(1e-12)]
    [InlineData(1e12)]
    public void A_fit_to_tiny_or_huge_targets_is_the_fit_to_ordinary_ones(double scale)
    {
        var one = GaussianProcess.Fit(ProcessSamples.Rippled(12));
        var other = GaussianProcess.Fit(ProcessSamples.Rippled(12, scale));
        Assert.Equal(one.Predict([0.61]).Mean, other.Predict([0.61]).Mean / scale, 1e-4);
        Assert.Equal(FitQuality.Converged, other.Quality);
    }

    [Fact]
    public void A_shift_much_larger_than_the_targets_costs_only_their_digits()
    {
        double one = GaussianProcess.Fit(ProcessSamples.Rippled(12)).Predict([0.61]).Mean;
        double other = GaussianProcess.Fit(ProcessSamples.Rippled(12, shift: 1e6)).Predict([0.61]).Mean;
        Assert.Equal(one, other - 1e6, 1e-4);
    }
}
