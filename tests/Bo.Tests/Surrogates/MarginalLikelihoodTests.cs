using CsCheck;
using MathNet.Numerics.Statistics;
using Orchestrator.Bo.Surrogates;
using Orchestrator.Bo.Tests.Numerics;

namespace Orchestrator.Bo.Tests.Surrogates;

public sealed class MarginalLikelihoodTests
{
    [Fact]
    public void Its_value_is_the_density_of_the_textbook_and_the_prior() =>
        ProcessSamples.Processes.Sample(sample =>
        {
            double expected = new DenseProcess(sample.Observations, sample.Hyperparameters).LogLikelihood
                + HyperparameterPrior.Log(sample.Hyperparameters);
            Assert.Equal(expected, Of(sample.Observations).Evaluate(sample.Hyperparameters.ToLog())!.Value.Value, 1e-6);
        });

    [Fact]
    public void Its_gradient_by_every_hyperparameter_is_that_of_the_values() =>
        ProcessSamples.Processes.Sample(sample =>
        {
            MarginalLikelihood likelihood = Of(sample.Observations);
            double[] theta = sample.Hyperparameters.ToLog();
            double[] gradient = likelihood.Evaluate(theta)!.Value.Gradient;
            Assert.Equal(sample.Observations.Dimension + 2, gradient.Length);
            for (int k = 0; k < theta.Length; k++)
            {
                double expected = FiniteDifference.Slope(t => likelihood.Evaluate(t)!.Value.Value, theta, k, 1e-3);
                Assert.Equal(expected, gradient[k], 1e-5 * (1 + Math.Abs(expected)));
            }
        });

    [Fact]
    public void Where_there_is_no_density_there_is_no_value()
    {
        MarginalLikelihood likelihood = Of(ProcessSamples.Rippled(5));
        Assert.Null(likelihood.Evaluate([double.NaN, 0, 0]));
        Assert.Null(likelihood.Evaluate([0, 800, 0]));
        Assert.Null(likelihood.Evaluate([0, 0, 800]));
    }

    private static MarginalLikelihood Of(Observations observations)
    {
        double mean = observations.Targets.Mean();
        double scale = observations.Targets.PopulationStandardDeviation();
        return new MarginalLikelihood(
            observations.Points, [.. observations.Targets.Select(y => (y - mean) / scale)],
            [.. observations.Deviations.Select(d => Math.Pow(d / scale, 2))]);
    }
}
