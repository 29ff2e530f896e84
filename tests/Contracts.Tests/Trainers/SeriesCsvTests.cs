using System.Text;
using CsCheck;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Contracts.Tests.Trainers;

public sealed class SeriesCsvTests
{
    [Fact]
    public void A_series_has_these_bytes() => Assert.Equal(
        "step,rate,loss,gradient_l1,gradient_l2\n0,0.1,2.302585092994046,12.5,1E-07\n1,1E-05,,3,\n",
        Encoding.UTF8.GetString(SeriesCsv.Format(
        [
            new(0, 0.1, 2.302585092994046, 12.5, 1e-7),
            new(1, 1e-5, double.NaN, 3, double.PositiveInfinity),
        ])));

    [Fact]
    public void A_series_round_trips_bit_for_bit()
    {
        var value = Gen.Double.Where(double.IsFinite);
        Gen.Select(Gen.Long[0, long.MaxValue], value, value.Nullable(), value.Nullable(), value.Nullable(), (s, r, l, a, b) => new SeriesPoint(s, r, l, a, b))
            .Array[0, 20]
            .Sample(points => SeriesCsv.Parse(SeriesCsv.Format(points)).SequenceEqual(points));
    }

    [Theory]
    [InlineData("step,loss\n0,1\n")]
    [InlineData("step,rate,loss,gradient_l1,gradient_l2\n0,0.1,1,1\n")]
    [InlineData("step,rate,loss,gradient_l1,gradient_l2\n0,,1,1,1\n")]
    [InlineData("step,rate,loss,gradient_l1,gradient_l2\n0,0.1,NaN,1,1\n")]
    [InlineData("step,rate,loss,gradient_l1,gradient_l2\n\n0,0.1,1,1,1\n")]
    public void What_is_no_series_is_refused(string text) =>
        Assert.Throws<FormatException>(() => SeriesCsv.Parse(Encoding.UTF8.GetBytes(text)));
}
