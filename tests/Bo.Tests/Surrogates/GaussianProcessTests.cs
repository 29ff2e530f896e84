using CsCheck;
using Orchestrator.Bo.Surrogates;
using Orchestrator.Bo.Tests.Numerics;

namespace Orchestrator.Bo.Tests.Surrogates;

public sealed class GaussianProcessTests
{
    [Fact]
    public void Mean_variance_and_covariance_are_those_of_the_textbook() =>
        ProcessSamples.Processes.Sample(sample =>
        {
            var process = GaussianProcess.With(sample.Observations, sample.Hyperparameters);
            var dense = new DenseProcess(sample.Observations, sample.Hyperparameters);
            Prediction prediction = process.Predict(sample.X);
            Assert.Equal(dense.Mean(sample.X), prediction.Mean, 1e-7);
            Assert.Equal(dense.Variance(sample.X), prediction.Variance, 1e-7);
            Assert.Equal(dense.Covariance(sample.X, sample.Other), process.Covariance(sample.X, sample.Other), 1e-7);
        });

    [Fact]
    public void Covariance_is_symmetric_and_its_own_variance_on_the_diagonal() =>
        ProcessSamples.Processes.Sample(sample =>
        {
            var process = GaussianProcess.With(sample.Observations, sample.Hyperparameters);
            double between = process.Covariance(sample.X, sample.Other);
            Assert.Equal(between, process.Covariance(sample.Other, sample.X), 1e-9);
            Assert.Equal(process.Predict(sample.X).Variance, process.Covariance(sample.X, sample.X), 1e-9);
            double bound = process.Predict(sample.X).Deviation * process.Predict(sample.Other).Deviation;
            Assert.InRange(between, -bound - 1e-7, bound + 1e-7);
        });

    [Fact]
    public void The_gradients_are_those_of_the_values() =>
        ProcessSamples.Processes.Sample(sample =>
        {
            var process = GaussianProcess.With(sample.Observations, sample.Hyperparameters);
            PredictionGradient gradient = process.Gradient(sample.X);
            for (int k = 0; k < sample.X.Length; k++)
            {
                double mean = FiniteDifference.Slope(x => process.Predict(x).Mean, sample.X, k, 1e-4);
                double variance = FiniteDifference.Slope(x => process.Predict(x).Variance, sample.X, k, 1e-4);
                Assert.Equal(mean, gradient.Mean[k], 1e-5 * (1 + Math.Abs(mean)));
                Assert.Equal(variance, gradient.Variance[k], 1e-5 * (1 + Math.Abs(variance)));
            }
        });

    [Fact]
    public void Data_without_noise_is_met_and_known_for_certain()
    {
        Observations observations = ProcessSamples.Rippled(15);
        var process = GaussianProcess.Fit(observations);
        double prior = process.PriorDeviation;
        for (int i = 0; i < observations.Points.Length; i++)
        {
            Prediction at = process.Predict(observations.Points[i]);
            Assert.Equal(observations.Targets[i], at.Mean, 1e-2 * prior);
            Assert.InRange(at.Deviation, 0, 0.05 * prior);
        }

        // Between the points too, the function being smooth.
        double between = (10.3 + 10.8) / 2 / 15;
        Assert.Equal(((between - 0.6) * (between - 0.6)) + (0.1 * Math.Sin(9 * between)), process.Predict([between]).Mean, 0.02 * prior);
    }

    [Fact]
    public void A_target_with_a_large_stated_deviation_pulls_less()
    {
        double[][] points = [[0.1], [0.3], [0.5], [0.7], [0.9]];
        double[] targets = [0, 0.1, 1, -0.1, 0];
        var h = Hyperparameters.Default(1);
        double before = double.PositiveInfinity;
        foreach (double deviation in (double[])[0, 0.2, 0.5, 2, 1e6])
        {
            double mean = GaussianProcess.With(new Observations(points, targets, [0, 0, deviation, 0, 0]), h).Predict([0.5]).Mean;
            Assert.True(mean < before, $"A deviation of {deviation} left the mean at {mean}, after {before}.");
            before = mean;
        }

        Assert.Equal(0, before, 0.1);
    }

    [Fact]
    public void A_deviation_beyond_all_measure_is_a_target_that_says_nothing()
    {
        var without = new Observations([[0.1], [0.9]], [1, 2]);
        var process = GaussianProcess.Fit(new Observations([[0.1], [0.9], [0.5]], [1, 2, 1.5], [0, 0, 1e200]));
        Assert.Equal(GaussianProcess.With(without, process.Hyperparameters).Predict([0.3]).Mean, process.Predict([0.3]).Mean, 0.05);
        Assert.True(double.IsFinite(process.Predict([0.5]).Variance));
    }

    [Fact]
    public void Variance_grows_with_the_distance_from_the_data()
    {
        var process = GaussianProcess.With(new Observations([[0], [0.1]], [0, 1]), new Hyperparameters([25], 1, 1e-6));
        double[] variances = [.. Enumerable.Range(0, 10).Select(i => process.Predict([0.1 + (0.1 * i)]).Variance)];
        Assert.Equal(variances.Order(), variances);
        Assert.Equal(process.PriorDeviation * process.PriorDeviation, variances[^1], 0.05);
    }

    [Fact]
    public void One_observation_is_the_mean_everywhere()
    {
        var process = GaussianProcess.Fit(new Observations([[0.4, 0.2]], [3.5]));
        Assert.Equal(3.5, process.Predict([0.4, 0.2]).Mean, 1e-9);
        Assert.Equal(3.5, process.Predict([0.9, 0.9]).Mean, 1e-9);
        Assert.InRange(process.Predict([0.9, 0.9]).Variance, double.Epsilon, 1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.25)]
    [InlineData(-1e12)]
    [InlineData(1e-12)]
    public void Equal_targets_are_forecast_as_such(double value)
    {
        double[][] points = [[0.1], [0.5], [0.9]];
        var process = GaussianProcess.Fit(new Observations(points, [value, value, value]));
        Assert.Equal(value, process.Predict([0.3]).Mean, 1e-15 + (1e-6 * Math.Abs(value)));
        Assert.True(double.IsFinite(process.Predict([0.3]).Variance));

        var noisy = GaussianProcess.Fit(new Observations(points, [value, value, value], [0.1, 0.2, 0.1]));
        Assert.Equal(value, noisy.Predict([0.3]).Mean, 1e-15 + (1e-6 * Math.Abs(value)));
        Assert.InRange(noisy.Predict([0.3]).Deviation, 1e-3, 1);
    }

    [Fact]
    public void Duplicate_points_with_different_targets_meet_in_the_middle()
    {
        double[][] points = [[0.2], [0.2], [0.2], [0.8], [0.8], [0.8]];
        var process = GaussianProcess.Fit(new Observations(points, [1, 2, 3, 11, 12, 13]));
        Assert.Equal(2, process.Predict([0.2]).Mean, 0.3);
        Assert.Equal(12, process.Predict([0.8]).Mean, 0.3);
    }

    [Fact]
    public void The_same_observations_give_the_same_bits_on_any_thread()
    {
        GaussianProcess[] processes = [.. Enumerable.Range(0, 8).AsParallel().Select(_ => GaussianProcess.Fit(ProcessSamples.Rippled(20)))];
        Assert.All(processes, process =>
        {
            Assert.Equal(processes[0].Hyperparameters.ToLog(), process.Hyperparameters.ToLog());
            Assert.Equal(processes[0].Predict([0.37]), process.Predict([0.37]));
        });
    }

    [Fact]
    public void Hyperparameters_that_give_no_covariance_are_refused() => Assert.Throws<ArgumentException>(() =>
        GaussianProcess.With(ProcessSamples.Rippled(5), new Hyperparameters([double.NaN], 1, 1e-3)));
}
