using Orchestrator.Bo.Acquisition;
using Orchestrator.Bo.Surrogates;
using Orchestrator.Bo.Tests.Numerics;
using Orchestrator.Bo.Tests.Surrogates;

namespace Orchestrator.Bo.Tests.Acquisition;

public sealed class LowerConfidenceBoundTests
{
    [Fact]
    public void It_is_the_bound_turned_round_with_its_derivatives()
    {
        var acquisition = new LowerConfidenceBound(2.5);
        AcquisitionValue at = acquisition.At(3, 0.4);
        Assert.Equal(-(3 - (2.5 * 0.4)), at.Value, 1e-15);
        Assert.Equal(FiniteDifference.Slope(m => acquisition.At(m, 0.4).Value, 3, 1e-3), at.ByMean, 1e-9);
        Assert.Equal(FiniteDifference.Slope(s => acquisition.At(3, s).Value, 0.4, 1e-3), at.ByDeviation, 1e-9);
    }

    [Fact]
    public void With_a_large_kappa_points_fill_the_space_whatever_was_observed()
    {
        // The published search's 1,000: between two equal ends the middle is next, however low one end is.
        var process = GaussianProcess.With(new Observations([[0], [1]], [-5, 5]), Hyperparameters.Default(1));
        Assert.Equal(0.5, AcquisitionMaximizer.Maximize(process, new LowerConfidenceBound(1000), 1)[0], 0.01);
    }

    [Fact]
    public void Without_kappa_it_is_the_lowest_mean()
    {
        var process = GaussianProcess.Fit(ProcessSamples.Rippled(20));
        double[] suggested = AcquisitionMaximizer.Maximize(process, new LowerConfidenceBound(0), 1);
        double lowest = Enumerable.Range(0, 10_001).Min(i => process.Predict([i / 10_000.0]).Mean);
        Assert.Equal(lowest, process.Predict(suggested).Mean, 1e-7);
    }
}
