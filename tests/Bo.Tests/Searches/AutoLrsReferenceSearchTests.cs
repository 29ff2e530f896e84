using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Searches.AutoLrsReference;
using Orchestrator.Bo.Simulation;

namespace Orchestrator.Bo.Tests.Searches;

public sealed class AutoLrsReferenceSearchTests : SearchContract
{
    protected override ISearch Create(SearchProblem problem) =>
        new AutoLrsReferenceSearch(problem, new AutoLrsSettings(80, 2, 320, 8, 10, SearchSignal.Training, 1000));

    [Fact]
    public void The_winner_is_trained_again_from_the_start_of_the_stage_so_that_all_probes_are_search()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        Assert.DoesNotContain(run.Stretches, stretch => stretch.Plan.Role == StretchRole.Probe && stretch.OnPath);
        Assert.All(run.Decisions<ChooseRate>(), choice => Assert.Empty(choice.Taken));
        Assert.Equal(run.Stretches.Where(s => s.Plan.Role == StretchRole.Probe).Sum(s => (long)s.Result.Losses.Count), run.Search);
    }

    [Fact]
    public void Candidates_come_one_after_the_other_and_fill_the_range()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        double[] rates = [.. run.Stretches.Where(s => s.Plan.Stage == 0 && s.Plan.Role == StretchRole.Probe).Select(s => s.Plan.Runs[0].From).Order()];
        Assert.Equal(10, rates.Length);

        // With the paper's κ the bound is all deviation: no gap of the range is wider than three equal shares of it.
        double[] at = [0, .. rates.Select(rate => Math.Log10(rate / 1e-3) / 3), 1];
        Assert.All(at.Zip(at.Skip(1)), gap => Assert.True(gap.Second - gap.First < 0.3, $"{gap}"));
    }

    [Fact]
    public void The_lowest_forecast_that_was_observed_wins() =>
        Assert.All(Run(Problem()).Decisions<ChooseRate>(), choice =>
            Assert.Equal(choice.Candidates.Where(c => c.Forecast is not null).MinBy(c => c.Forecast!.Mean)!.Rate, choice.Chosen));

    [Fact]
    public void From_the_longest_stage_on_it_looks_at_validation()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        Assert.All(run.Stretches.Where(s => s.Plan.Role == StretchRole.Probe), probe =>
            Assert.Equal(probe.Plan.Stage >= 2, probe.Plan.ValidateAtEnd));
    }

    [Fact]
    public void A_rate_that_diverged_spoils_no_process()
    {
        SimulatedSearch<QuadraticState> run = Run(new SearchProblem(Steps, 1e-3, 1e6, null, 3, 1));
        Assert.Contains(run.Stretches, stretch => stretch.Result.Outcome == StretchOutcome.Diverged);
        Assert.Null(run.Failure);
    }
}
