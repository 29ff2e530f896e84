using CsCheck;
using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Searches.Annealed;
using Orchestrator.Bo.Simulation;

namespace Orchestrator.Bo.Tests.Searches.Annealed;

public sealed class AnnealedSearchTests : SearchContract
{
    protected override ISearch Create(SearchProblem problem) => new AnnealedSearch(problem, new AnnealedSettings());

    [Fact]
    public void The_schedule_is_the_arm_then_the_peak_held_then_a_linear_decay_to_nothing()
    {
        // On the quadratic, which is all noise, the hold ends at the first look.
        SimulatedSearch<QuadraticState> run = Run(Problem());
        Assert.Equal([64, 176, 960], run.Schedule.Select(piece => piece.Steps));
        Assert.Equal(run.Schedule[0].From, run.Schedule[0].To);
        Assert.Equal(run.Schedule[1].From, run.Schedule[1].To);
        Assert.Equal(run.Schedule[1].From, run.Schedule[2].From);
        Assert.Equal(0, run.Schedule[2].To);
        Assert.InRange(run.Schedule[1].From / run.Schedule[0].From, Math.Sqrt(0.5) - 1e-9, Math.Sqrt(2) + 1e-9);
    }

    [Fact]
    public void Cool_downs_are_forks_that_no_one_goes_on_from()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        var forks = run.Stretches.Where(stretch => stretch.Plan is { Role: StretchRole.Probe, Continues: false }).ToList();
        Assert.NotEmpty(forks);
        Assert.All(forks, fork =>
        {
            RateRun only = Assert.Single(fork.Plan.Runs);
            double rate = run.Stretches[fork.Plan.Parent!.Value].Plan.Runs[0].From;
            Assert.Equal(rate * fork.Plan.Steps / (fork.Plan.Steps + 1), only.From);
            Assert.Equal(0, only.To);
            Assert.False(fork.OnPath);
            Assert.DoesNotContain(run.Stretches, other => other.Plan.Parent == fork.Plan.Number);
        });
    }

    [Fact]
    public void An_arm_is_extended_from_rung_to_rung_and_never_restarted()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        Assert.All(run.Stretches.Where(s => s.Plan is { Role: StretchRole.Probe, Continues: true }).GroupBy(s => s.Plan.Runs[0].From), arm =>
            Assert.Single(arm, stretch => stretch.Plan.Start == 0));
    }

    [Fact]
    public void The_guard_holds_for_every_seed_range_and_length() =>
        Gen.Select(Gen.Long[1, 10_000], Gen.Long[600, 2000], Gen.Double[-6, 0], Gen.Double[0.1, 6]).Sample(
            (seed, steps, low, decades) =>
            {
                var problem = new SearchProblem(steps, Math.Pow(10, low), Math.Pow(10, low + decades), null, seed, 1);
                SimulatedSearch<QuadraticState> run = Run(problem);
                Assert.True(run.Failure is not null || run.Total <= 1.30 * steps, $"{run.Total} of {steps}");
            },
            iter: 60);

    [Fact]
    public void Eight_at_once_take_hardly_longer_than_the_training_alone()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem(parallelism: 8), slots: 8);
        Assert.True(run.Wall <= 1.10 * Steps, $"{run.Wall}");
        Assert.True(run.Total <= 1.45 * Steps, $"{run.Total}");
    }

    [Theory]
    [InlineData(1e-4, 1)]
    [InlineData(1e-5, 4e-3)]
    [InlineData(2, 500)]
    [InlineData(1e-7, 1e3)]
    public void A_wrong_range_is_repaired(double low, double high)
    {
        SimulatedSearch<QuadraticState> good = Run(Problem());
        SimulatedSearch<QuadraticState> run = Run(new SearchProblem(Steps, low, high, null, 7, 1));
        Assert.Null(run.Failure);
        Assert.InRange(Math.Log2(run.Schedule[1].From / good.Schedule[1].From), -1.5, 1.5);
    }

    [Fact]
    public void Without_repair_a_range_that_nothing_survives_fails_and_names_the_rates()
    {
        var search = new AnnealedSearch(new SearchProblem(Steps, 1e3, 1e5, null, 7, 1), new AnnealedSettings { Repair = false });
        SimulatedSearch<QuadraticState> run = new SearchSimulator<QuadraticState>(search, new SimulatedQuadratic(NoisyQuadratic.Standard(), 7)).Run();
        Assert.Equal("no_stable_rate", run.Failure!.Code);
        Assert.Contains("1E+05", run.Failure.Reason);
    }

    [Fact]
    public void A_neighbour_that_rung_1_found_hopeless_is_not_run_in_rung_2()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        ChooseRate[] rungs = [.. run.Decisions<ChooseRate>().Where(choice => choice.Kind == "rung")];
        Assert.Equal(3, rungs.Length);
        double best = rungs[1].Candidates.Min(c => c.Score ?? double.PositiveInfinity);
        Assert.All(rungs[1].Candidates.Where(c => c.Score is null || c.Score > 1.3 * best), hopeless =>
            Assert.DoesNotContain(rungs[2].Candidates, c => c.Rate == hopeless.Rate && c.Outcome != StretchOutcome.Cancelled));
    }

    [Fact]
    public void Too_few_steps_are_refused_with_what_would_do()
    {
        ArgumentException refused = Assert.Throws<ArgumentException>(() => new AnnealedSearch(Problem() with { Steps = 599 }, new AnnealedSettings()));
        Assert.Contains("600", refused.Message);
        Assert.Contains("`fixed`", refused.Message);
        Assert.Contains("`autolrs`", refused.Message);
    }
}
