using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Simulation;

namespace Orchestrator.Bo.Tests.Searches;

/// <summary>What every schedule search keeps, whatever it looks for: driven by the simulator over the noisy quadratic.</summary>
public abstract class SearchContract
{
    private const long Seed = 7;

    /// <summary>Steps of the trial.</summary>
    protected virtual long Steps => 1200;

    /// <summary>The search under test.</summary>
    protected abstract ISearch Create(SearchProblem problem);

    /// <summary>A problem within whose range there are good rates.</summary>
    protected SearchProblem Problem(long seed = Seed, int parallelism = 1, WarmupPlan? warmup = null) =>
        new(Steps, 1e-3, 1, warmup, seed, parallelism);

    /// <summary>Runs the search on the standard quadratic.</summary>
    private protected SimulatedSearch<QuadraticState> Run(SearchProblem problem, int slots = 1) =>
        new SearchSimulator<QuadraticState>(
            Create(problem), new SimulatedQuadratic(NoisyQuadratic.Standard(), problem.Seed), problem.Parallelism, slots).Run();

    [Theory]
    [InlineData(1, 0)]
    [InlineData(4, 0)]
    [InlineData(8, 0)]
    [InlineData(1, 50)]
    public void It_trains_every_step_once_under_the_schedule_it_names(int parallelism, long warmup)
    {
        SearchProblem problem = Problem(parallelism: parallelism, warmup: warmup == 0 ? null : new WarmupPlan(warmup, 0, 0.05));
        SimulatedSearch<QuadraticState> run = Run(problem);
        Assert.Null(run.Failure);
        Assert.Equal(Steps, run.Training);
        Assert.Equal(Steps, run.Schedule.TotalSteps());
        var path = run.Stretches.Where(stretch => stretch.OnPath).OrderBy(stretch => stretch.Plan.Start).ToList();
        Assert.Equal(0, path[0].Plan.Start);
        Assert.All(path.Zip(path.Skip(1)), pair =>
        {
            Assert.Equal(pair.First.Plan.Number, pair.Second.Plan.Parent);
            Assert.Equal(pair.First.Plan.Start + pair.First.Plan.Steps, pair.Second.Plan.Start);
        });
        double[] trained = [.. path.SelectMany(stretch => stretch.Plan.Runs.Rates(stretch.Plan.Offset, stretch.Plan.Steps))];
        Assert.Equal(run.Schedule.Rates(0, Steps).Select(BitConverter.DoubleToInt64Bits), trained.Select(BitConverter.DoubleToInt64Bits));
    }

    [Fact]
    public void Its_schedule_replayed_without_a_search_gives_the_same_model_bit_for_bit()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        SearchProblem problem = Problem();
        SimulatedSearch<QuadraticState> replay = new SearchSimulator<QuadraticState>(
            new FixedSearch(problem, run.Schedule), new SimulatedQuadratic(NoisyQuadratic.Standard(), Seed)).Run();
        Assert.Equal(run.Model.Weights, replay.Model.Weights);
        Assert.Equal(run.Model.Velocity, replay.Model.Velocity);
    }

    [Fact]
    public void Its_state_is_its_events_applied_and_survives_a_snapshot_after_any_of_them()
    {
        ISearch search = Create(Problem());
        SimulatedSearch<QuadraticState> run = Run(Problem());
        SearchState state = search.Initial;
        foreach (SearchEvent e in run.Events)
        {
            state = search.Load(search.Save(search.Apply(state, e)));
        }

        Assert.Equal(search.Save(run.State!), search.Save(state));
    }

    [Fact]
    public void The_same_state_gives_the_same_decisions()
    {
        ISearch search = Create(Problem());
        SearchState state = search.Initial;
        bool due = true;
        foreach (SearchEvent e in Run(Problem()).Events)
        {
            // Decisions that were made together are stored together: between them nobody decides.
            if (due)
            {
                Assert.Equal(
                    System.Text.Json.JsonSerializer.Serialize(search.Decide(state)),
                    System.Text.Json.JsonSerializer.Serialize(search.Decide(search.Load(search.Save(state)))));
            }

            state = search.Apply(state, e);
            due = e is Observed;
        }
    }

    [Fact]
    public void Two_runs_are_the_same_whatever_the_number_of_slots_and_more_slots_take_no_longer()
    {
        SimulatedSearch<QuadraticState> one = Run(Problem(parallelism: 8), slots: 1);
        SimulatedSearch<QuadraticState> eight = Run(Problem(parallelism: 8), slots: 8);
        Assert.Equal(one.Model.Weights, eight.Model.Weights);
        Assert.Equal(one.Schedule, eight.Schedule);
        Assert.True(eight.Wall <= one.Wall);
        Assert.True(eight.Wall >= Steps);
    }

    [Fact]
    public void Every_decision_says_why()
    {
        Assert.All(Run(Problem()).Decisions<SearchDecision>(), decision => Assert.True(decision.Reason.Length > 10, decision.ToString()));
    }

    [Fact]
    public void Nothing_follows_its_end_and_what_cannot_follow_is_refused()
    {
        ISearch search = Create(Problem());
        SimulatedSearch<QuadraticState> run = Run(Problem());
        Assert.Empty(search.Decide(run.State!));
        Assert.Throws<InvalidOperationException>(() => search.Apply(run.State!, run.Events[0]));
        Assert.Throws<InvalidOperationException>(() =>
            search.Apply(search.Initial, new Observed(new Observation(99, StretchOutcome.Succeeded, null, null, null, null))));
    }

    [Fact]
    public void A_state_of_another_search_is_refused() =>
        Assert.Throws<ArgumentException>(() => Create(Problem()).Decide(new ForeignState()));

    private sealed record ForeignState : SearchState;
}
