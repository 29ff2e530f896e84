using CsCheck;
using Orchestrator.Bo.Spaces;

namespace Orchestrator.Bo.Tests.Spaces;

public sealed class DimensionTests
{
    private static readonly Gen<Scale> Scales = Gen.Enum<Scale>();

    [Fact]
    public void A_number_encoded_and_decoded_is_itself_on_every_scale() =>
        Gen.Select(Scales, Gen.Double[-6, 3], Gen.Double[0.01, 5], Gen.Double[0, 1]).Sample((scale, low, width, at) =>
        {
            double min = Math.Pow(10, low);
            double max = min * Math.Pow(10, width);
            double value = Math.Clamp(min + (at * (max - min)), min, max);
            var dimension = new DoubleDimension("x", min, max, scale);
            double unit = Encode(dimension, value);
            Assert.InRange(unit, 0, 1);
            Assert.Equal(value, dimension.Decode([unit]).Number!.Value, 1e-9 * max);
        });

    [Fact]
    public void A_coordinate_decoded_and_encoded_is_itself_on_every_scale() =>
        Gen.Select(Scales, Gen.Double[0.01, 3], Gen.Double[0, 1]).Sample((scale, width, unit) =>
        {
            var dimension = new DoubleDimension("x", 0.1, 0.1 * Math.Pow(10, width), scale);
            Assert.Equal(unit, Encode(dimension, dimension.Decode([unit])), 1e-9);
        });

    [Theory]
    [InlineData(Scale.Linear, 5.5)]
    [InlineData(Scale.Log, 3.16227766)]
    [InlineData(Scale.ReverseLog, 7.83772234)]
    public void The_middle_of_one_to_ten_depends_on_the_scale(Scale scale, double expected) =>
        Assert.Equal(expected, new DoubleDimension("x", 1, 10, scale).Decode([0.5]).Number!.Value, 1e-8);

    [Theory]
    [InlineData(Scale.Linear)]
    [InlineData(Scale.Log)]
    [InlineData(Scale.ReverseLog)]
    public void The_ends_are_exact_and_what_lies_beyond_is_the_nearest_end(Scale scale)
    {
        var dimension = new DoubleDimension("x", 1e-5, 0.3, scale);
        Assert.Equal((ParameterValue)1e-5, dimension.Decode([0]));
        Assert.Equal((ParameterValue)1e-5, dimension.Decode([-3]));
        Assert.Equal((ParameterValue)0.3, dimension.Decode([1]));
        Assert.Equal((ParameterValue)0.3, dimension.Decode([7]));
        Assert.Equal(0, Encode(dimension, 1e-5));
        Assert.Equal(1, Encode(dimension, 0.3));
    }

    [Fact]
    public void A_scale_never_turns_the_order_round() =>
        Gen.Select(Scales, Gen.Double[0, 1], Gen.Double[0, 1]).Sample((scale, a, b) =>
        {
            var dimension = new DoubleDimension("x", 0.001, 10, scale);
            double low = dimension.Decode([Math.Min(a, b)]).Number!.Value;
            double high = dimension.Decode([Math.Max(a, b)]).Number!.Value;
            Assert.True(low <= high, $"{low} > {high}");
        });

    [Fact]
    public void A_whole_number_encoded_and_decoded_is_itself_on_every_scale() =>
        Gen.Select(Scales, Gen.Long[1, 1000], Gen.Long[1, 1_000_000], Gen.Double[0, 1]).Sample((scale, min, width, at) =>
        {
            long value = min + (long)(at * width);
            var dimension = new IntDimension("n", min, min + width, scale);
            Assert.Equal((ParameterValue)value, dimension.Decode([Encode(dimension, value)]));
        });

    [Fact]
    public void A_whole_number_may_be_below_zero_on_a_linear_scale()
    {
        var dimension = new IntDimension("n", -3, 3);
        Assert.Equal(0.5, Encode(dimension, 0), 1e-15);
        Assert.Equal((ParameterValue)(-3), dimension.Decode([0]));
        Assert.Equal((ParameterValue)(-2), dimension.Decode([0.2]));
    }

    [Fact]
    public void On_a_log_scale_one_to_three_is_as_wide_as_ten_to_thirty()
    {
        var dimension = new IntDimension("n", 1, 100, Scale.Log);
        Assert.Equal(Encode(dimension, 3) - Encode(dimension, 1), Encode(dimension, 30) - Encode(dimension, 10), 1e-12);
    }

    [Fact]
    public void Every_one_of_several_numbers_encoded_and_decoded_is_itself() =>
        Gen.Select(Scales, Gen.Double[0.01, 100].Array[2, 9]).Where((_, values) => values.Distinct().Count() > 1).Sample((scale, values) =>
        {
            var dimension = new DiscreteDimension("x", values, scale);
            Assert.All(values, value => Assert.Equal((ParameterValue)value, dimension.Decode([Encode(dimension, value)])));
        });

    [Fact]
    public void Of_several_numbers_the_nearest_on_the_scale_is_meant()
    {
        var linear = new DiscreteDimension("x", [1, 10, 100]);
        var log = new DiscreteDimension("x", [100, 1, 10, 10], Scale.Log);
        Assert.Equal((ParameterValue)100, linear.Decode([0.6]));
        Assert.Equal((ParameterValue)10, log.Decode([0.6]));
        Assert.Equal((ParameterValue)1, log.Decode([-1]));
    }

    [Fact]
    public void Names_are_corners_of_equal_distance()
    {
        var dimension = new CategoricalDimension("optimizer", ["sgd", "adam", "adamw"]);
        Assert.Equal(3, dimension.Width);
        var unit = new double[] { 7, 7, 7 };
        dimension.Encode("adam", unit);
        Assert.Equal([0, 1, 0], unit);
        Assert.Equal((ParameterValue)"adam", dimension.Decode(unit));
        Assert.Equal((ParameterValue)"adamw", dimension.Decode([0.1, 0.2, 0.3]));
        Assert.Equal((ParameterValue)"sgd", dimension.Decode([0.5, 0.5, 0.5]));
    }

    [Fact]
    public void A_value_of_another_kind_or_range_is_refused_with_what_is_wanted()
    {
        Refused("'x' cannot be 11; a number from 1 to 10 is wanted", new DoubleDimension("x", 1, 10), 11);
        Refused("'x' cannot be NaN", new DoubleDimension("x", 1, 10), double.NaN);
        Refused("'x' cannot be sgd", new DoubleDimension("x", 1, 10), "sgd");
        Refused("'x' cannot be nothing", new DoubleDimension("x", 1, 10), default);
        Refused("'n' cannot be 2.5; a whole number from 1 to 10 is wanted", new IntDimension("n", 1, 10), 2.5);
        Refused("'n' cannot be 11", new IntDimension("n", 1, 10), 11);
        Refused("'d' cannot be 3; one of 1, 2, 4 is wanted", new DiscreteDimension("d", [1, 2, 4]), 3);
        Refused("'o' cannot be rmsprop; one of sgd, adam is wanted", new CategoricalDimension("o", ["sgd", "adam"]), "rmsprop");
        Refused("'o' cannot be 1", new CategoricalDimension("o", ["sgd", "adam"]), 1);
    }

    [Fact]
    public void A_dimension_that_has_nothing_to_search_is_refused_in_words()
    {
        NotMade("'x' goes from 1 to 1; finite ends with min < max are wanted", () => new DoubleDimension("x", 1, 1));
        NotMade("'x' goes from 2 to 1", () => new IntDimension("x", 2, 1));
        NotMade("'x' goes from NaN to 1", () => new DoubleDimension("x", double.NaN, 1));
        NotMade("'x' goes from 0 to ", () => new DoubleDimension("x", 0, double.PositiveInfinity));
        NotMade("'x' begins at 0; a logarithmic scale needs a min above 0", () => new DoubleDimension("x", 0, 1, Scale.Log));
        NotMade("'x' begins at -1; a logarithmic scale", () => new IntDimension("x", -1, 1, Scale.ReverseLog));
        NotMade("'x' needs at least two values", () => new DiscreteDimension("x", [1, 1]));
        NotMade("'x' needs at least two values, all different", () => new CategoricalDimension("x", ["a"]));
        NotMade("'x' needs at least two values, all different", () => new CategoricalDimension("x", ["a", "b", "a"]));
    }

    private static double Encode(Dimension dimension, ParameterValue value)
    {
        var unit = new double[1];
        dimension.Encode(value, unit);
        return unit[0];
    }

    private static void Refused(string words, Dimension dimension, ParameterValue value) => Assert.Contains(
        words, Assert.Throws<ArgumentException>(() => dimension.Encode(value, new double[dimension.Width])).Message, StringComparison.Ordinal);

    private static void NotMade(string words, Func<Dimension> make) =>
        Assert.Contains(words, Assert.Throws<ArgumentException>(make).Message, StringComparison.Ordinal);
}
