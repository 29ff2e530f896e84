using System.Collections.Immutable;
using CsCheck;
using Orchestrator.Bo.Acquisition;
using Orchestrator.Bo.Numerics;
using Orchestrator.Bo.Spaces;
using Orchestrator.Bo.Surrogates;

namespace Orchestrator.Bo.Tests.Spaces;

public sealed class SearchSpaceTests
{
    private static readonly SearchSpace Mixed = new(
    [
        new DoubleDimension("rate", 1e-4, 1, Scale.Log),
        new CategoricalDimension("optimizer", ["sgd", "adam", "adamw"]),
        new IntDimension("layers", 1, 8),
        new DiscreteDimension("batch", [16, 32, 64, 128], Scale.Log),
        new DoubleDimension("momentum", 0.5, 0.99, Scale.ReverseLog),
    ]);

    [Fact]
    public void Each_dimension_has_its_place_in_one_cube()
    {
        Assert.Equal(7, Mixed.Width);
        double[] unit = Mixed.Encode(new Dictionary<string, ParameterValue>(StringComparer.Ordinal)
        {
            ["rate"] = 0.01,
            ["optimizer"] = "adam",
            ["layers"] = 8,
            ["batch"] = 16,
            ["momentum"] = 0.5,
        });
        Assert.Equal([0.5, 0, 1, 0, 1, 0, 0], unit, (x, y) => Math.Abs(x - y) < 1e-12);
    }

    [Fact]
    public void Any_point_of_the_cube_and_around_it_has_values_that_belong_to_the_space() =>
        Gen.Double[-0.5, 1.5].Array[7].Sample(unit =>
        {
            ImmutableDictionary<string, ParameterValue> values = Mixed.Decode(unit);
            Assert.Equal(5, values.Count);
            Assert.All(Mixed.Encode(values), x => Assert.InRange(x, 0, 1));
        });

    [Fact]
    public void A_point_is_moved_once_to_where_there_are_values() =>
        Gen.Double[0, 1].Array[7].Sample(unit =>
        {
            double[] snapped = Mixed.Snap(unit);
            Assert.Equal(snapped, Mixed.Snap(snapped), (x, y) => Math.Abs(x - y) < 1e-9);
            Assert.Equal(unit[0], snapped[0], 1e-9);
            Assert.Equal(1, snapped[1] + snapped[2] + snapped[3]);
        });

    [Fact]
    public void What_is_no_point_of_the_space_is_refused_in_words()
    {
        Refused("'optimizer' has no value", () => Mixed.Encode(new Dictionary<string, ParameterValue>(StringComparer.Ordinal) { ["rate"] = 0.1 }));
        Refused("3 coordinates were given; 7 are wanted", () => Mixed.Decode([0, 0, 0]));
        Refused("at least one dimension", () => new SearchSpace([]));
        Refused("a name of its own", () => new SearchSpace([new DoubleDimension("x", 0, 1), new IntDimension("x", 0, 1)]));
    }

    [Fact]
    public void A_mixed_space_is_searched_end_to_end()
    {
        // Encode what was tried, fit, suggest, snap, decode: 45 trials of a space of 96 combinations of names and
        // numbers and two reals find the right names and numbers and the valley of the reals.
        var points = new List<double[]>();
        var losses = new List<double>();
        foreach (double[] start in SpaceFilling.Points(Mixed.Width, 10))
        {
            points.Add(Mixed.Snap(start));
            losses.Add(Loss(Mixed.Decode(start)));
        }

        while (points.Count < 45)
        {
            var process = GaussianProcess.Fit(new Observations(points, losses));
            double[] next = AcquisitionMaximizer.Maximize(
                process, new LogExpectedImprovement(losses.Min()), Mixed.Width,
                point => points.TrueForAll(tried => !tried.AsSpan().SequenceEqual(Mixed.Snap(point))));
            points.Add(Mixed.Snap(next));
            losses.Add(Loss(Mixed.Decode(next)));
        }

        ImmutableDictionary<string, ParameterValue> best = Mixed.Decode(points[losses.IndexOf(losses.Min())]);
        Assert.Equal("adamw", best["optimizer"].Text);
        Assert.InRange(best["rate"].Number!.Value, 0.003, 0.03);
        Assert.InRange(best["layers"].Number!.Value, 4, 6);
        Assert.InRange(losses.Min(), 0, 0.1);
    }

    /// <summary>0 at adamw, a rate of 0.01, 5 layers, batches of 64, momentum 0.9.</summary>
    private static double Loss(ImmutableDictionary<string, ParameterValue> values) =>
        (values["optimizer"].Text switch { "adamw" => 0, "adam" => 0.2, _ => 0.5 })
        + Math.Pow(Math.Log10(values["rate"].Number!.Value) + 2, 2) / 4
        + Math.Pow((values["layers"].Number!.Value - 5) / 8, 2)
        + Math.Pow(Math.Log2(values["batch"].Number!.Value / 64), 2) / 20
        + Math.Pow(values["momentum"].Number!.Value - 0.9, 2);

    private static void Refused(string words, Func<object> act) =>
        Assert.Contains(words, Assert.Throws<ArgumentException>(act).Message, StringComparison.Ordinal);
}
