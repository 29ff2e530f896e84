using CsCheck;
using Orchestrator.Bo.Surrogates;
using Orchestrator.Bo.Tests.Numerics;

namespace Orchestrator.Bo.Tests.Surrogates;

public sealed class Matern52Tests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0.5239941088)]
    [InlineData(2, 0.13866021913850426)]
    public void The_kernel_has_its_known_values(double distance, double expected) =>
        Assert.Equal(expected, Matern52.Value(distance * distance), 1e-10);

    [Fact]
    public void Its_slope_by_the_squared_distance_is_that_of_the_values()
    {
        foreach (double squared in (double[])[0.01, 0.1, 1, 4, 30])
        {
            double expected = FiniteDifference.Slope(Matern52.Value, squared, 1e-3 * squared);
            Assert.Equal(expected, Matern52.Slope(squared), 1e-8);
        }

        Assert.Equal(-5.0 / 6, Matern52.Slope(0), 1e-15);
    }

    [Fact]
    public void Each_coordinate_is_measured_by_its_own_length()
    {
        double[] inverse = [4, 0.25];
        Assert.Equal((4 * 0.01) + (0.25 * 4), Matern52.SquaredDistance([0.1, 2], [0.2, 0], inverse), 1e-15);
        Assert.Equal(0, Matern52.SquaredDistance([0.1, 0.2], [0.9, 0.2], [0, 7]));
    }

    [Fact]
    public void It_falls_with_distance_and_stays_between_one_and_zero() =>
        Gen.Select(Gen.Double[0, 1e6], Gen.Double[0, 1e6]).Sample((a, b) =>
        {
            (double near, double far) = (Matern52.Value(Math.Min(a, b)), Matern52.Value(Math.Max(a, b)));
            Assert.InRange(near, far - 1e-15, 1 + 1e-15);
            Assert.InRange(far, 0, near + 1e-15);
        });
}
