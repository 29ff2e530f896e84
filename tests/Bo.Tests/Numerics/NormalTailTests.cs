using Orchestrator.Bo.Numerics;

namespace Orchestrator.Bo.Tests.Numerics;

/// <summary>Expected values were computed with 50 digits.</summary>
public sealed class NormalTailTests
{
    [Theory]
    [InlineData(10, 2.3025850929940457)]
    [InlineData(1, 0.08002621884930694)]
    [InlineData(0, -0.91893853320467274)]
    [InlineData(-0.999, -2.4832171154475854)]
    [InlineData(-1, -2.4851210257126413)]
    [InlineData(-2, -4.7687835239171142)]
    [InlineData(-10, -55.553122036122356)]
    [InlineData(-20, -206.9178385094251)]
    [InlineData(-24.999999, -319.86143850187619)]
    [InlineData(-25.000001, -319.86148866111671)]
    [InlineData(-40, -808.29856835661996)]
    [InlineData(-10000, -50000019.339619307)]
    public void The_logarithm_of_the_expected_excess_is_exact_also_where_the_excess_underflows(double z, double expected) =>
        Assert.Equal(expected, NormalTail.LogExcess(z), 1e-12 * (1 + Math.Abs(expected)));

    [Theory]
    [InlineData(5, 0.19999994053122005)]
    [InlineData(0, 1.2533141373155003)]
    [InlineData(-1, 1.9042712333296918)]
    [InlineData(-20, 20.099262811101282)]
    [InlineData(-24.999999, 25.079619237421294)]
    [InlineData(-25.000001, 25.079621231111772)]
    [InlineData(-100, 100.01999400419587)]
    [InlineData(-10000, 10000.000199999994)]
    [InlineData(-1e8, 1e8)]
    public void Its_slope_is_exact_too(double z, double expected) => Assert.Equal(expected, NormalTail.LogExcessSlope(z), 1e-9 * expected);

    [Theory]
    [InlineData(1, -0.17275377902344989)]
    [InlineData(-10, -53.231285150512467)]
    [InlineData(-24.999999, -316.63938296814774)]
    [InlineData(-40, -804.60844201375379)]
    public void The_logarithm_of_the_distribution_is_exact_where_it_underflows(double z, double expected) =>
        Assert.Equal(expected, NormalTail.LogDistribution(z), 1e-11 * Math.Abs(expected));

    [Theory]
    [InlineData(-1)]
    [InlineData(-25)]
    public void Nothing_jumps_where_one_formula_takes_over_from_another(double border)
    {
        double below = Math.BitDecrement(border);
        double above = Math.BitIncrement(border);
        Assert.Equal(NormalTail.LogExcess(below), NormalTail.LogExcess(above), 1e-12 * Math.Abs(NormalTail.LogExcess(border)));
        Assert.Equal(NormalTail.LogDistribution(below), NormalTail.LogDistribution(above), 1e-12 * Math.Abs(NormalTail.LogExcess(border)));
        Assert.Equal(NormalTail.LogExcessSlope(below), NormalTail.LogExcessSlope(above), 1e-9 * Math.Abs(border));
    }

    [Fact]
    public void The_excess_rises_with_z_and_stays_finite_from_one_end_of_the_numbers_to_the_other()
    {
        double previous = double.NegativeInfinity;
        for (double exponent = 7; exponent > -7; exponent -= 0.01)
        {
            double value = NormalTail.LogExcess(-Math.Pow(10, exponent));
            Assert.True(double.IsFinite(value) && value > previous, $"log h is {value} at −10^{exponent}, {previous} before.");
            previous = value;
        }

        for (double exponent = -7; exponent < 7; exponent += 0.01)
        {
            double value = NormalTail.LogExcess(Math.Pow(10, exponent));
            Assert.True(double.IsFinite(value) && value >= previous, $"log h is {value} at 10^{exponent}, {previous} before.");
            previous = value;
        }
    }

    [Fact]
    public void The_slope_is_that_of_the_values()
    {
        foreach (double z in (double[])[3, 1, 0.3, 0, -0.5, -0.99, -1.01, -3, -8, -24.9, -25.1, -60])
        {
            double expected = FiniteDifference.Slope(NormalTail.LogExcess, z, 1e-3);
            Assert.Equal(expected, NormalTail.LogExcessSlope(z), 1e-7 * Math.Abs(expected));
        }
    }
}
