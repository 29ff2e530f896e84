using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Tests.Schedules;

public sealed class ScheduleVectorTests
{
    [Theory]
    [InlineData(0.25, 0.853553)]
    [InlineData(0.75, 0.146447)]
    public void Cosine(double progress, double expected) => Holds(new CosineSchedule(1), progress, expected);

    [Theory]
    [InlineData(0.25, 0.857143)]
    [InlineData(0.5, 0.666667)]
    [InlineData(0.75, 0.4)]
    [InlineData(0.9, 0.181818)]
    [InlineData(1, 0)]
    public void Rex(double progress, double expected) => Holds(new RexSchedule(1), progress, expected);

    [Theory]
    [InlineData(0.25, 0.75)]
    [InlineData(1, 0)]
    public void Linear(double progress, double expected) => Holds(new LinearSchedule(1), progress, expected);

    [Theory]
    [InlineData(0.5, 1)]
    [InlineData(0.8, 1)]
    [InlineData(0.85, 0.5)]
    [InlineData(1, 0)]
    public void Warm_up_stable_decay(double progress, double expected) =>
        Holds(new StableDecaySchedule(1, 0, 0.2), progress, expected);

    [Fact]
    public void A_decay_over_all_steps_is_linear() => Assert.Equal(
        new LinearSchedule(1, 0.1).Compile(500),
        new StableDecaySchedule(1, 0.1, 1, DecayShape.Linear).Compile(500));

    [Fact]
    public void Rex_is_never_below_linear()
    {
        var rex = new RexSchedule(1);
        var linear = new LinearSchedule(1);
        Assert.All(Enumerable.Range(0, 1001), t => Assert.True(rex.RateAt(t, 1000) >= linear.RateAt(t, 1000)));
    }

    [Fact]
    public void Linear_decay_is_one_run_to_the_rate_it_does_not_reach() =>
        Assert.Equal([new RateRun(40, 0.2, 0.2 * 0.1)], new LinearSchedule(0.2, 0.1).Compile(40));

    [Fact]
    public void Warm_up_reaches_its_last_rate_on_its_last_step()
    {
        RateRun run = RateRuns.OfWarmup(new WarmupPlan(10, 0, 0.5));
        for (int t = 0; t < 10; t++)
        {
            Assert.Equal(0.5 * (t + 1) / 10, run.At(t), 1e-15);
        }
    }

    [Fact]
    public void Rates_from_any_position_are_the_same_bits()
    {
        IReadOnlyList<RateRun> runs = new CosineSchedule(0.1).Compile(300);
        double[] whole = [.. runs.Rates(0, 300)];
        for (int offset = 0; offset <= 300; offset++)
        {
            Assert.Equal(whole[offset..], runs.Rates(offset, 300 - offset));
            Assert.Equal(whole[..offset], runs.Rates(0, offset));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => runs.Rates(1, 300));
    }

    [Fact]
    public void Bad_values_are_refused_by_name()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConstantSchedule(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CosineSchedule(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LinearSchedule(0.1, -0.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RexSchedule(0.1, 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new StableDecaySchedule(0.1, 0, 0));
        Assert.Throws<ArgumentException>(() => new PiecewiseSchedule([], Interpolation.Linear));
        Assert.Throws<ArgumentException>(() => new PiecewiseSchedule([new(1, 0.1)], Interpolation.Linear));
        Assert.Throws<ArgumentException>(() => new PiecewiseSchedule([new(0, 0.1), new(0, 0.2)], Interpolation.Linear));
    }

    private static void Holds(Schedule schedule, double progress, double expected)
    {
        const long Steps = 100_000;
        Assert.Equal(expected, schedule.RateAt((long)Math.Round(progress * Steps), Steps), 1e-6);
    }
}
