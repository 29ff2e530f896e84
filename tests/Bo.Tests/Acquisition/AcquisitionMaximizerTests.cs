using Orchestrator.Bo.Acquisition;
using Orchestrator.Bo.Numerics;
using Orchestrator.Bo.Surrogates;
using Orchestrator.Bo.Tests.Surrogates;

namespace Orchestrator.Bo.Tests.Acquisition;

public sealed class AcquisitionMaximizerTests
{
    private static readonly LogExpectedImprovement Improvement = new LogExpectedImprovement(-0.05);

    [Theory]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(15)]
    public void On_a_line_nothing_of_a_fine_grid_is_better_and_its_own_grid_is_worse(int observations)
    {
        var process = GaussianProcess.Fit(ProcessSamples.Rippled(observations));
        double found = Worth(process, AcquisitionMaximizer.Maximize(process, Improvement, 1));
        double fine = Enumerable.Range(0, 100_001).Max(i => Worth(process, [i / 100_000.0]));
        double coarse = SpaceFilling.Points(1, 200).Max(point => Worth(process, point));
        Assert.True(found >= fine - 1e-6, $"{found} was found, and {fine} is there.");
        Assert.True(found > coarse, $"{found} is no better than {coarse} of the grid.");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void In_a_square_nothing_of_a_fine_grid_is_better_and_its_own_grid_is_worse(int seed)
    {
        GaussianProcess process = Square(seed);
        double found = Worth(process, AcquisitionMaximizer.Maximize(process, Improvement, 2));
        double fine = Enumerable.Range(0, 301 * 301).Max(i => Worth(process, [i % 301 / 300.0, i / 301 / 300.0]));
        double coarse = SpaceFilling.Points(2, 400).Max(point => Worth(process, point));
        Assert.True(found >= fine - 1e-6, $"{found} was found, and {fine} is there.");
        Assert.True(found > coarse, $"{found} is no better than {coarse} of the grid.");
    }

    [Fact]
    public void A_peak_in_a_corner_is_found_there()
    {
        // A process that knows only a far corner is most uncertain in the opposite one.
        var process = GaussianProcess.With(new Observations([[0.1, 0.1], [0, 0.1]], [0, 1]), Hyperparameters.Default(2));
        double[] found = AcquisitionMaximizer.Maximize(process, new LowerConfidenceBound(1e6), 2);
        Assert.Equal([1, 1], found, (x, y) => Math.Abs(x - y) < 1e-3);
    }

    [Fact]
    public void Only_what_is_accepted_is_suggested()
    {
        var process = GaussianProcess.Fit(ProcessSamples.Rippled(9));
        double free = AcquisitionMaximizer.Maximize(process, Improvement, 1)[0];
        double elsewhere = AcquisitionMaximizer.Maximize(process, Improvement, 1, point => Math.Abs(point[0] - free) > 0.2)[0];
        Assert.True(Math.Abs(elsewhere - free) > 0.2, $"{elsewhere} is too near to {free}.");
        Assert.Equal(
            Enumerable.Range(0, 200).Select(i => i / 199.0).Where(x => Math.Abs(x - free) > 0.2).Max(x => Worth(process, [x])),
            Worth(process, [elsewhere]), 0.05);
    }

    [Fact]
    public void If_nothing_is_accepted_the_best_of_all_is_suggested()
    {
        var process = GaussianProcess.Fit(ProcessSamples.Rippled(9));
        Assert.Equal(AcquisitionMaximizer.Maximize(process, Improvement, 1), AcquisitionMaximizer.Maximize(process, Improvement, 1, _ => false));
    }

    [Fact]
    public void The_same_process_gives_the_same_bits_on_any_thread()
    {
        double[][] found = [.. Enumerable.Range(0, 8).AsParallel().Select(_ => AcquisitionMaximizer.Maximize(Square(1), Improvement, 2))];
        Assert.All(found, point => Assert.Equal(found[0], point));
    }

    [Theory]
    [InlineData(1e-12)]
    [InlineData(1e12)]
    public void The_unit_of_the_targets_does_not_move_the_suggestion(double unit)
    {
        var process = GaussianProcess.Fit(ProcessSamples.Rippled(9));
        var other = GaussianProcess.Fit(ProcessSamples.Rippled(9, unit));
        Assert.Equal(
            AcquisitionMaximizer.Maximize(process, Improvement, 1)[0],
            AcquisitionMaximizer.Maximize(other, new LogExpectedImprovement(-0.05 * unit), 1)[0], 1e-3);
    }

    [Fact]
    public void A_loop_of_fit_and_suggestion_finds_the_bottom_of_a_function_it_has_not_seen()
    {
        var points = new List<double[]> { new[] { 0.1 }, new[] { 0.5 }, new[] { 0.9 } };
        static double At(double x) => ((x - 0.73) * (x - 0.73)) + (0.05 * Math.Cos(25 * (x - 0.73))) - 0.05;
        for (int i = 0; i < 15; i++)
        {
            double[] values = [.. points.Select(point => At(point[0]))];
            points.Add(AcquisitionMaximizer.Maximize(GaussianProcess.Fit(new Observations(points, values)), new LogExpectedImprovement(values.Min()), 1));
        }

        double lowest = Enumerable.Range(0, 10_001).Min(i => At(i / 10_000.0));
        Assert.Equal(lowest, points.Min(point => At(point[0])), 1e-3);
    }

    private static GaussianProcess Square(int seed)
    {
        Random random = RandomStreams.Generator(seed, "square", 0);
        double[][] points = [.. Enumerable.Range(0, 12).Select(_ => new[] { random.NextDouble(), random.NextDouble() })];
        return GaussianProcess.Fit(new Observations(
            points, [.. points.Select(x => Math.Pow(x[0] - 0.3, 2) + Math.Pow(x[1] - 0.6, 2) + (0.2 * Math.Sin(7 * x[0] * x[1])))]));
    }

    private static double Worth(GaussianProcess process, double[] point)
    {
        Prediction at = process.Predict(point);
        return Improvement.At(at.Mean, Math.Max(at.Deviation, 1e-12)).Value;
    }
}
