using Orchestrator.Cli.Watching;

namespace Orchestrator.Cli.Tests;

public sealed class SparklineTests
{
    [Fact]
    public void A_fall_is_drawn_from_high_to_low() => Assert.Equal("█▅▁", LiveView.Sparkline([3, 2, 1], 10));

    [Fact]
    public void Many_values_share_the_columns_there_are() => Assert.Equal(20, LiveView.Sparkline([.. Enumerable.Range(1, 1000).Select(i => (double)i)], 20).Length);

    [Fact]
    public void Values_that_are_not_finite_are_left_out() => Assert.Equal(2, LiveView.Sparkline([1, double.NaN, 2], 10).Length);
}
