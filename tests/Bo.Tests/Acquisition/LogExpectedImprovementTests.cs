using CsCheck;
using Orchestrator.Bo.Acquisition;
using Orchestrator.Bo.Tests.Numerics;

namespace Orchestrator.Bo.Tests.Acquisition;

public sealed class LogExpectedImprovementTests
{
    [Theory]
    [InlineData(0, -0.9189385332)]
    [InlineData(-1, -2.4851210257)]
    [InlineData(1, 0.0800262188)]
    public void It_has_its_known_values(double z, double expected)
    {
        Assert.Equal(expected, new LogExpectedImprovement(0).At(-z, 1).Value, 1e-10);

        // In another unit it is the logarithm of that many units.
        Assert.Equal(expected + Math.Log(3), new LogExpectedImprovement(5).At(5 - (3 * z), 3).Value, 1e-10);
    }

    [Fact]
    public void Its_derivatives_are_those_of_its_values() =>
        Gen.Select(Gen.Double[-40, 10], Gen.Double[-2, 2], Gen.Double[-3, 3]).Sample((z, logDeviation, best) =>
        {
            double deviation = Math.Exp(logDeviation);
            double mean = best - (z * deviation);
            var acquisition = new LogExpectedImprovement(best);
            AcquisitionValue at = acquisition.At(mean, deviation);
            double byMean = FiniteDifference.Slope(m => acquisition.At(m, deviation).Value, mean, 1e-3 * deviation);
            double byDeviation = FiniteDifference.Slope(s => acquisition.At(mean, s).Value, deviation, 1e-3 * deviation);
            Assert.Equal(byMean, at.ByMean, 1e-5 * (Math.Abs(byMean) + (1 / deviation)));
            Assert.Equal(byDeviation, at.ByDeviation, 1e-5 * (Math.Abs(byDeviation) + (1 / deviation)));
        });

    [Fact]
    public void A_lower_mean_is_always_worth_more_however_hopeless()
    {
        var acquisition = new LogExpectedImprovement(0);
        double previous = double.PositiveInfinity;
        for (double exponent = -3; exponent < 9; exponent += 0.01)
        {
            AcquisitionValue at = acquisition.At(Math.Pow(10, exponent), 1);
            Assert.True(double.IsFinite(at.Value) && at.Value < previous, $"{at.Value} at a mean of 10^{exponent}, {previous} before.");
            Assert.True(double.IsFinite(at.ByMean) && at.ByMean < 0 && double.IsFinite(at.ByDeviation) && at.ByDeviation > 0);
            previous = at.Value;
        }
    }

    [Fact]
    public void A_more_uncertain_point_of_the_same_mean_is_worth_more() =>
        Gen.Select(Gen.Double[-3, 3], Gen.Double[-3, 3], Gen.Double[-3, 3]).Sample((mean, a, b) =>
        {
            var acquisition = new LogExpectedImprovement(0);
            double less = acquisition.At(mean, Math.Exp(Math.Min(a, b))).Value;
            double more = acquisition.At(mean, Math.Exp(Math.Max(a, b))).Value;
            Assert.True(less <= more + 1e-12, $"{less} > {more}");
        });
}
