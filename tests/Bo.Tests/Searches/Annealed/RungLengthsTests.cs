using CsCheck;
using Orchestrator.Bo.Searches.Annealed;

namespace Orchestrator.Bo.Tests.Searches.Annealed;

public sealed class RungLengthsTests
{
    [Theory]
    [InlineData(600, 12, 24, 48)]
    [InlineData(1000, 12, 30, 80)]
    [InlineData(1200, 12, 36, 96)]
    [InlineData(2000, 15, 60, 160)]
    [InlineData(2400, 18, 72, 192)]
    [InlineData(8000, 43, 173, 461)]
    [InlineData(100_000, 457, 1829, 4877)]
    public void They_are_shares_of_the_run_and_smaller_ones_of_long_runs(long steps, long n0, long n1, long n2)
    {
        var lengths = new RungLengths(new AnnealedSettings(), steps, doublings: 0);
        Assert.Equal([n0, n1, n2], [lengths[0], lengths[1], lengths[2]]);
    }

    [Fact]
    public void A_third_of_each_cools_down()
    {
        var lengths = new RungLengths(new AnnealedSettings(), 1000, doublings: 0);
        Assert.Equal([8, 20, 53], [lengths.Constant(0), lengths.Constant(1), lengths.Constant(2)]);
        Assert.Equal([4, 10, 27], [lengths.CoolDown(0), lengths.CoolDown(1), lengths.CoolDown(2)]);
    }

    [Fact]
    public void A_plateau_doubles_the_longer_two()
    {
        var lengths = new RungLengths(new AnnealedSettings(), 2000, doublings: 1);
        Assert.Equal([15, 120, 320], [lengths[0], lengths[1], lengths[2]]);
    }

    [Fact]
    public void Every_rung_has_a_constant_part_that_extends_the_one_before() =>
        Gen.Select(Gen.Long[600, 1_000_000], Gen.Int[0, 1]).Sample((steps, doublings) =>
        {
            var lengths = new RungLengths(new AnnealedSettings(), steps, doublings);
            return lengths.Constant(0) >= 1 && lengths.Constant(0) < lengths.Constant(1) && lengths.Constant(1) < lengths.Constant(2)
                && lengths.CoolDown(2) >= 1;
        });
}
