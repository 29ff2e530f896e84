using Orchestrator.Bo.Surrogates;

namespace Orchestrator.Bo.Tests.Surrogates;

/// <summary>
/// Forecasts of one stage at ten rates, as real jobs give them: a clear minimum at the eighth rate. What becomes of it
/// depends on what is said of their noise.
/// </summary>
public sealed class StatedNoiseTests
{
    private static readonly double[] Forecasts = [0.33, 0.32, 0.31, 0.30, 0.28, 0.26, 0.20, 0.12, 0.16, 0.22];
    private static readonly double[][] Points = [.. Enumerable.Range(0, 10).Select(i => new[] { i / 9.0 })];

    [Fact]
    public void Deviations_as_large_as_the_scatter_of_all_targets_smooth_the_minimum_away()
    {
        // The targets scatter by 0.067: a stated 0.06 leaves only a slope, and its low end is the end of the range.
        double[] means = Means([.. Enumerable.Repeat(0.06, 10)]);
        Assert.Equal(means[..9].OrderDescending(), means[..9]);
        Assert.InRange(means[9], 0, means[7]);
    }

    [Fact]
    public void Noise_left_to_the_fit_keeps_the_minimum() => Assert.Equal(7, Lowest(Means(null)));

    [Theory]
    [InlineData(0.03)]
    [InlineData(0.02)]
    [InlineData(0.005)]
    public void Deviations_that_neighbours_do_not_contradict_keep_the_minimum(double deviation) =>
        Assert.Equal(7, Lowest(Means([.. Enumerable.Repeat(deviation, 10)])));

    private static double[] Means(double[]? deviations)
    {
        var process = GaussianProcess.Fit(new Observations(Points, Forecasts, deviations));
        return [.. Points.Select(point => process.Predict(point).Mean)];
    }

    private static int Lowest(double[] means) => Array.IndexOf(means, means.Min());
}
