using CsCheck;
using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Tests.Searches;

public sealed class StagePlanTests
{
    private static readonly AutoLrsSettings Published = new(
        StageSteps: 1000, Growth: 2, MaxStageSteps: 8000, ProbeSteps: 100, Candidates: 10, SearchSignal.Training, Kappa: 1000);

    /// <summary>Steps, warm-up, and settings that fit them.</summary>
    private static readonly Gen<(long Steps, long Warmup, AutoLrsSettings Settings)> Plans =
        Gen.Select(Gen.Long[2, 500], Gen.Double[0, 1], Gen.Long[0, 5000], Gen.Long[0, 300], Gen.Double[1, 3], Gen.Long[2, 2000].Nullable())
            .Select((stage, probe, more, warmup, growth, longest) => (
                stage + more + warmup, warmup,
                Published with { StageSteps = stage, ProbeSteps = 1 + (long)(probe * (stage - 2)), Growth = growth, MaxStageSteps = longest }));

    [Theory]
    [InlineData(1, 1000)]
    [InlineData(2, 3000)]
    [InlineData(3, 7000)]
    [InlineData(4, 15_000)]
    [InlineData(5, 23_000)]
    [InlineData(6, 31_000)]
    [InlineData(12, 79_000)]
    public void The_published_settings_give_the_published_table(int stages, long steps)
    {
        StageSpan[] plan = Plan(steps, 0, Published);
        Assert.Equal(stages, plan.Length);
        Assert.Equal(steps, (1000 * ((1L << Math.Min(stages, 4)) - 1)) + (8000 * Math.Max(0, stages - 4)));
        Assert.All(plan, stage => Assert.Equal(stage.Steps / 10, stage.ProbeSteps));
        Assert.Equal([1000, 2000, 4000, 8000, 8000, 8000], Plan(31_000, 0, Published).Select(stage => stage.Steps));
    }

    [Fact]
    public void The_first_stage_may_have_longer_probes()
    {
        Assert.Equal([60, 20, 20], Plan(600, 0, Even(200, 20) with { FirstProbeSteps = 60 }).Select(stage => stage.ProbeSteps));
        Assert.Equal(599, Assert.Single(Plan(600, 0, Even(600, 20) with { FirstProbeSteps = 599 })).ProbeSteps);
    }

    [Fact]
    public void Once_stages_are_at_their_longest_they_look_at_validation_losses()
    {
        StageSpan[] plan = Plan(31_000, 0, Published);
        Assert.Equal([0, 0, 0, 50, 50, 50], plan.Select(stage => stage.ValidateEvery));
        Assert.Equal(SearchSignal.Training, plan[2].Signal);
        Assert.Equal(SearchSignal.Validation, plan[3].Signal);
    }

    [Fact]
    public void Stages_cover_every_step_after_the_warm_up_once() =>
        Plans.Sample(sample =>
        {
            StageSpan[] plan = Plan(sample.Steps, sample.Warmup, sample.Settings);
            Assert.Equal(sample.Warmup, plan[0].Start);
            Assert.Equal(sample.Steps, plan[^1].End);
            Assert.All(plan.Zip(plan.Skip(1)), pair => Assert.Equal(pair.First.End, pair.Second.Start));
        });

    [Fact]
    public void Probes_are_shorter_than_their_stage_and_in_proportion_to_it() =>
        Plans.Sample(sample => Assert.All(Plan(sample.Steps, sample.Warmup, sample.Settings), stage =>
        {
            Assert.InRange(stage.ProbeSteps, 1, stage.Steps - 1);
            Assert.InRange(stage.ProbeSteps, (sample.Settings.ProbeSteps * stage.Steps / sample.Settings.StageSteps) - 1,
                Math.Max(1, sample.Settings.ProbeSteps * stage.Steps / sample.Settings.StageSteps));
            Assert.InRange(stage.Window, 1, stage.Steps);
        }));

    [Fact]
    public void Each_stage_is_longer_than_the_last_by_the_growth_up_to_the_longest() =>
        Plans.Sample(sample =>
        {
            StageSpan[] plan = Plan(sample.Steps, sample.Warmup, sample.Settings);
            long longest = sample.Settings.MaxStageSteps ?? long.MaxValue;
            for (int i = 0; i < plan.Length - 1; i++)
            {
                double length = Math.Min(sample.Settings.StageSteps * Math.Pow(sample.Settings.Growth, i), longest);
                Assert.Equal(length, plan[i].Steps, 0.51);
            }
        });

    [Fact]
    public void What_is_left_over_belongs_to_the_last_stage_and_is_less_than_one_more() =>
        Plans.Sample(sample =>
        {
            StageSpan[] plan = Plan(sample.Steps, sample.Warmup, sample.Settings);
            double longest = sample.Settings.MaxStageSteps ?? double.PositiveInfinity;
            double own = Math.Min(sample.Settings.StageSteps * Math.Pow(sample.Settings.Growth, plan.Length - 1), longest);
            double next = Math.Min(own * sample.Settings.Growth, longest);
            Assert.InRange(plan[^1].Steps, own - 0.51, own + next + 0.51);
        });

    [Fact]
    public void A_remainder_makes_the_last_stage_longer()
    {
        Assert.Equal([200, 200, 250], Plan(650, 0, Even(200, 20)).Select(stage => stage.Steps));
        Assert.Equal([20, 20, 25], Plan(650, 0, Even(200, 20)).Select(stage => stage.ProbeSteps));
        Assert.Equal(650, Assert.Single(Plan(650, 0, Even(400, 40))).Steps);
    }

    [Theory]
    [InlineData(100, 101, 10)]
    [InlineData(100, 50, 50)]
    [InlineData(100, 50, 0)]
    public void What_does_not_fit_is_refused_in_words(long steps, long stage, long probe) => Assert.Contains(
        "1 ≤ probe < stage ≤ steps is wanted", Assert.Throws<ArgumentException>(() => Plan(steps, 0, Even(stage, probe))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_warm_up_leaves_less_for_the_stages() =>
        Assert.Throws<ArgumentException>(() => Plan(100, 60, Even(50, 5)));

    private static AutoLrsSettings Even(long stage, long probe) =>
        Published with { StageSteps = stage, ProbeSteps = probe, Growth = 1, MaxStageSteps = null };

    private static StageSpan[] Plan(long steps, long warmup, AutoLrsSettings settings)
    {
        var plan = new StagePlan(
            new SearchProblem(steps, 1e-3, 1, warmup == 0 ? null : new WarmupPlan(warmup, 0, 1), Seed: 1, Parallelism: 1), settings);
        return [.. Enumerable.Range(0, plan.Count).Select(i => plan[i])];
    }
}
