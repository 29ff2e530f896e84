using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Simulation;

namespace Orchestrator.Bo.Tests.Searches;

public sealed class FixedSearchTests : SearchContract
{
    protected override ISearch Create(SearchProblem problem) =>
        new FixedSearch(problem, new CosineSchedule(0.1, 0).Compile(problem.Steps - (problem.Warmup?.Steps ?? 0)));

    [Fact]
    public void It_costs_nothing_but_the_training()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        Assert.Equal(0, run.Search);
        Assert.Equal(0, run.Evaluation);
        Assert.Equal(Steps, run.Wall);
    }

    [Fact]
    public void A_schedule_that_diverges_fails_and_names_its_largest_rate()
    {
        var search = new FixedSearch(Problem(), new ConstantSchedule(50).Compile(Steps));
        SimulatedSearch<QuadraticState> run = new SearchSimulator<QuadraticState>(search, new SimulatedQuadratic(NoisyQuadratic.Standard(), 7)).Run();
        Assert.Equal("diverged", run.Failure!.Code);
        Assert.Contains("50", run.Failure.Reason);
    }

    [Fact]
    public void Runs_of_another_length_are_refused() =>
        Assert.Throws<ArgumentException>(() => new FixedSearch(Problem(), [new RateRun(10, 1, 1)]));
}
