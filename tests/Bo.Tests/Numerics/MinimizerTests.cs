using CsCheck;
using Orchestrator.Bo.Numerics;

namespace Orchestrator.Bo.Tests.Numerics;

public sealed class MinimizerTests
{
    private static readonly Minimizer.Objective Rosenbrock = x =>
    {
        double bend = x[1] - (x[0] * x[0]);
        return ((100 * bend * bend) + ((1 - x[0]) * (1 - x[0])), [(-400 * x[0] * bend) - (2 * (1 - x[0])), 200 * bend]);
    };

    [Fact]
    public void The_bottom_of_a_bent_valley_is_found()
    {
        MinimizerOutcome outcome = Minimizer.Minimize(Rosenbrock, [-1.2, 1], iterations: 200, gradientTolerance: 1e-8);
        Assert.Equal(MinimizerExit.Converged, outcome.Exit);
        Assert.Equal(1, outcome.Point[0], 1e-4);
        Assert.Equal(1, outcome.Point[1], 1e-4);
    }

    [Fact]
    public void Out_of_iterations_is_an_end_with_the_best_point_seen()
    {
        var seen = new List<double>();
        MinimizerOutcome outcome = Minimizer.Minimize(
            x =>
            {
                seen.Add(Rosenbrock(x)!.Value.Value);
                return Rosenbrock(x);
            },
            [-1.2, 1], iterations: 5, gradientTolerance: 1e-8);
        Assert.Equal(MinimizerExit.Stopped, outcome.Exit);
        Assert.Equal(seen.Min(), outcome.Value);
        Assert.Equal(outcome.Value, Rosenbrock(outcome.Point)!.Value.Value);
        Assert.True(outcome.Value < 24.2);
    }

    [Fact]
    public void A_start_without_a_value_fails_where_it_started()
    {
        Assert.Equal(MinimizerExit.Failed, Minimizer.Minimize(_ => null, [1, 2], 10, 1e-6).Exit);
        MinimizerOutcome outcome = Minimizer.Minimize(_ => (double.NaN, [0, 0]), [1, 2], 10, 1e-6);
        Assert.Equal(MinimizerExit.Failed, outcome.Exit);
        Assert.Equal([1, 2], outcome.Point);
    }

    [Fact]
    public void A_wall_without_values_stops_the_descent_before_it()
    {
        MinimizerOutcome outcome = Minimizer.Minimize(x => x[0] < 1 ? null : (x[0] * x[0], [2 * x[0]]), [3], 50, 1e-8);
        Assert.NotEqual(MinimizerExit.Failed, outcome.Exit);
        Assert.InRange(outcome.Point[0], 1, 3);
        Assert.Equal(outcome.Point[0] * outcome.Point[0], outcome.Value);
    }

    [Fact]
    public void A_gradient_that_lies_or_is_not_finite_never_throws()
    {
        foreach (double slope in (double[])[0, -1, 1e300, double.NaN, double.PositiveInfinity])
        {
            MinimizerOutcome outcome = Minimizer.Minimize(x => (x[0] * x[0], [slope]), [3], 50, 1e-8);
            Assert.True(outcome.Exit == MinimizerExit.Failed || outcome.Value <= 9, $"The slope {slope} led from 9 up to {outcome.Value}.");
        }
    }

    [Fact]
    public void In_the_cube_a_bowl_is_descended_to_its_bottom_or_to_the_nearest_side() =>
        Gen.Select(Gen.Double[-0.3, 1.3].Array[1, 6], Gen.Double[-1, 2], Gen.Int).Sample((centre, exponent, seed) =>
        {
            Random random = RandomStreams.Generator(seed, "minimizer", 0);
            double[] weights = [.. centre.Select(_ => Math.Pow(10, exponent * random.NextDouble()))];
            double[] start = [.. centre.Select(_ => random.NextDouble())];
            MinimizerOutcome outcome = Minimizer.MinimizeInCube(
                x => (x.Zip(centre, weights).Sum(v => v.Third * (v.First - v.Second) * (v.First - v.Second)),
                    [.. x.Zip(centre, weights).Select(v => 2 * v.Third * (v.First - v.Second))]),
                start, iterations: 200, gradientTolerance: 1e-8);
            for (int k = 0; k < centre.Length; k++)
            {
                Assert.InRange(outcome.Point[k], 0, 1);
                Assert.Equal(Math.Clamp(centre[k], 0, 1), outcome.Point[k], 2e-3);
            }
        });

    [Fact]
    public void The_same_start_gives_the_same_bits()
    {
        MinimizerOutcome first = Minimizer.Minimize(Rosenbrock, [-1.2, 1], 50, 1e-8);
        MinimizerOutcome second = Minimizer.Minimize(Rosenbrock, [-1.2, 1], 50, 1e-8);
        Assert.Equal(first.Point, second.Point);
        Assert.Equal(first.Value, second.Value);
    }
}
