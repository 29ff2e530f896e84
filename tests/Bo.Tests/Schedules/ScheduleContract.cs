using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Tests.Schedules;

/// <summary>What every schedule must do, whatever its shape.</summary>
public abstract class ScheduleContract
{
    /// <summary>The schedule under test.</summary>
    protected abstract Schedule Create();

    /// <summary>How many runs 10,000 steps may need.</summary>
    protected virtual int MostRuns => 1;

    public static TheoryData<long> Lengths => [1, 2, 3, 7, 12, 100, 999, 10_000, 123_457];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Its_runs_have_the_steps_asked_for_and_stay_close_to_the_formula(long steps)
    {
        Schedule schedule = Create();
        IReadOnlyList<RateRun> runs = schedule.Compile(steps);
        Assert.Equal(steps, runs.TotalSteps());
        Assert.All(runs, run => Assert.InRange(run.Steps, 1, steps));
        long t = 0;
        foreach (double rate in runs.Rates(0, steps))
        {
            double formula = schedule.RateAt(t++, steps);
            Assert.InRange(rate, formula - (1e-4 * schedule.Peak), formula + (1e-4 * schedule.Peak));
            Assert.InRange(rate, 0, schedule.Peak);
        }
    }

    [Fact]
    public void It_needs_few_runs() => Assert.InRange(Create().Compile(10_000).Count, 1, MostRuns);

    [Fact]
    public void It_compiles_to_the_same_runs_every_time() => Assert.Equal(Create().Compile(1234), Create().Compile(1234));

    [Fact]
    public void No_steps_are_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => Create().Compile(0));

    [Fact]
    public void A_warm_up_before_it_adds_its_steps_and_nothing_else()
    {
        IReadOnlyList<RateRun> plain = Create().Compile(100);
        IReadOnlyList<RateRun> warm = plain.After(new WarmupPlan(10, 0, plain[0].From));
        Assert.Equal(110, warm.TotalSteps());
        Assert.Equal(plain.Rates(0, 100), warm.Rates(10, 100));
    }
}

public sealed class ConstantScheduleTests : ScheduleContract
{
    protected override Schedule Create() => new ConstantSchedule(0.3);
}

public sealed class LinearScheduleTests : ScheduleContract
{
    protected override Schedule Create() => new LinearSchedule(0.3, 0.1);
}

public sealed class CosineScheduleTests : ScheduleContract
{
    protected override int MostRuns => 80;

    protected override Schedule Create() => new CosineSchedule(0.3);
}

public sealed class RexScheduleTests : ScheduleContract
{
    protected override int MostRuns => 60;

    protected override Schedule Create() => new RexSchedule(0.3, 0.05);
}

public sealed class StableDecayScheduleTests : ScheduleContract
{
    protected override int MostRuns => 70;

    protected override Schedule Create() => new StableDecaySchedule(0.3);
}

public sealed class StableLinearDecayScheduleTests : ScheduleContract
{
    protected override int MostRuns => 2;

    protected override Schedule Create() => new StableDecaySchedule(0.3, 0.1, 0.35, DecayShape.Linear);
}

public sealed class PiecewiseConstantScheduleTests : ScheduleContract
{
    protected override int MostRuns => 3;

    protected override Schedule Create() =>
        new PiecewiseSchedule([new(0, 0.1), new(5, 0.4), new(60, 0.02)], Interpolation.Constant);
}

public sealed class PiecewiseLinearScheduleTests : ScheduleContract
{
    protected override int MostRuns => 3;

    protected override Schedule Create() =>
        new PiecewiseSchedule([new(0, 0.1), new(5, 0.4), new(60, 0.02)], Interpolation.Linear);
}
