using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Simulation;

namespace Orchestrator.Bo.Tests.Searches;

public sealed class AutoLrsSearchTests : SearchContract
{
    protected override ISearch Create(SearchProblem problem) => new AutoLrsSearch(problem, Settings(SearchSignal.Training));

    [Fact]
    public void Its_probes_are_one_wave_from_one_checkpoint_and_the_winner_goes_on_from_its_own()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        var probes = run.Stretches.Where(s => s.Plan.Stage == 3 && s.Plan.Role == StretchRole.Probe).ToList();
        Assert.Equal(10, probes.Count);
        Assert.Single(probes.Select(probe => probe.Plan.Parent).Distinct());
        Assert.Equal(1e-3, probes.Min(probe => probe.Plan.Runs[0].From), 12);
        Assert.Equal(1, probes.Max(probe => probe.Plan.Runs[0].From), 12);
        Assert.Single(probes, probe => probe.OnPath);

        // Of each stage's k probes one is the beginning of the stage; some that diverge end early.
        Assert.InRange(run.Search, 12 * 8 * 10, 12 * 9 * 10);
    }

    [Fact]
    public void A_rate_that_diverged_is_never_chosen()
    {
        var problem = new SearchProblem(Steps, 1e-3, 100, null, 3, 1);
        SimulatedSearch<QuadraticState> run = Run(problem);
        Assert.Contains(run.Stretches, stretch => stretch.Result.Outcome == StretchOutcome.Diverged);
        Assert.Null(run.Failure);
        Assert.True(double.IsFinite(new SimulatedQuadratic(NoisyQuadratic.Standard(), 3).Loss(run.Model)));
        Assert.All(run.Decisions<ChooseRate>(), choice =>
            Assert.Equal(StretchOutcome.Succeeded, choice.Candidates.Single(c => c.Rate == choice.Chosen).Outcome));
    }

    [Fact]
    public void A_range_that_nothing_survives_fails_and_names_it()
    {
        SimulatedSearch<QuadraticState> run = Run(new SearchProblem(Steps, 1e3, 1e6, null, 3, 1));
        Assert.Equal("no_stable_rate", run.Failure!.Code);
        Assert.Contains("1000", run.Failure.Reason);
        Assert.Contains("1E+06", run.Failure.Reason);
    }

    private static AutoLrsSettings Settings(SearchSignal signal) => new(100, 1, null, 10, 10, signal, 1000);
}
