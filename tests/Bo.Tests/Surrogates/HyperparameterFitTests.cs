using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Statistics;
using Orchestrator.Bo.Numerics;
using Orchestrator.Bo.Surrogates;

namespace Orchestrator.Bo.Tests.Surrogates;

public sealed class HyperparameterFitTests
{
    private const int Seeds = 9;

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.3)]
    public void The_length_and_the_noise_of_a_known_process_are_recovered_from_its_draws(double length)
    {
        // 60 points of 10 or 3 lengths: the median of nine fits is within a third of an octave or two.
        Hyperparameters[] fits = [.. Enumerable.Range(0, Seeds).Select(seed => GaussianProcess.Fit(Draw(length, 0.1, seed)).Hyperparameters)];
        Assert.InRange(fits.Select(h => 1 / Math.Sqrt(h.InverseSquaredLengths[0])).Median(), length / 1.5, length * 1.5);
        Assert.InRange(fits.Select(h => Math.Sqrt(h.Noise / h.Signal)).Median(), 0.05, 0.2);
    }

    [Fact]
    public void A_coordinate_that_does_not_matter_gets_a_longer_length()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            Random random = RandomStreams.Generator(seed, "ard", 0);
            double[][] points = [.. Enumerable.Range(0, 40).Select(_ => new[] { random.NextDouble(), random.NextDouble() })];
            double[] q = GaussianProcess.Fit(new Observations(points, [.. points.Select(x => Math.Sin(8 * x[0]))])).Hyperparameters.InverseSquaredLengths;
            Assert.True(q[1] < 0.2 * q[0], $"Seed {seed}: the inverse squared lengths are {q[0]} and {q[1]}.");
        }
    }

    [Fact]
    public void How_a_fit_ended_is_said()
    {
        Assert.Equal(FitQuality.Converged, GaussianProcess.Fit(ProcessSamples.Rippled(20)).Quality);
        Assert.Equal(FitQuality.Given, GaussianProcess.With(ProcessSamples.Rippled(20), Hyperparameters.Default(1)).Quality);
        Assert.Equal(
            FitQuality.Default, HyperparameterFit.Maximise(new MarginalLikelihood([[0.5]], [double.NaN], [0]), 1).Quality);
    }

    [Fact]
    public void A_fit_is_never_worse_than_where_it_started()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            Observations observations = Draw(0.05, 0.3, seed);
            double mean = observations.Targets.Mean();
            double scale = observations.Targets.PopulationStandardDeviation();
            var likelihood = new MarginalLikelihood(
                observations.Points, [.. observations.Targets.Select(y => (y - mean) / scale)], new double[observations.Points.Length]);
            double fitted = likelihood.Evaluate(GaussianProcess.Fit(observations).Hyperparameters.ToLog())!.Value.Value;
            Assert.True(fitted >= likelihood.Evaluate(Hyperparameters.Default(1).ToLog())!.Value.Value, $"Seed {seed} ended at {fitted}.");
        }
    }

    /// <summary>60 targets of a process of variance 1, with noise, at random points.</summary>
    private static Observations Draw(double length, double noise, int seed)
    {
        Random random = RandomStreams.Generator(seed, "draw", 0);
        double[][] points = [.. Enumerable.Range(0, 60).Select(_ => new[] { random.NextDouble() })];
        var prior = Matrix<double>.Build.Dense(
            60, 60, (i, j) => Matern52.Value(Math.Pow((points[i][0] - points[j][0]) / length, 2)) + (i == j ? noise * noise : 0));
        var normal = Vector<double>.Build.Dense(60, _ => Normal.Sample(random, 0, 1));
        return new Observations(points, (prior.Cholesky().Factor * normal).ToArray());
    }
}
