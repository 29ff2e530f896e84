using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Searches.Annealed;
using Orchestrator.Bo.Simulation;
using Orchestrator.TestKit.Training;

namespace Orchestrator.Bo.Tests.Searches.Annealed;

/// <summary>What every search keeps, kept by one whose path has rivals.</summary>
public sealed class RaceTests : SearchContract
{
    protected override ISearch Create(SearchProblem problem) => new AnnealedSearch(problem, new AnnealedSettings { Race = 2 });

    [Fact]
    public void The_rivals_start_with_the_path_and_one_goes_on_from_where_the_race_is_judged()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem());
        ChooseRate race = Assert.Single(run.Decisions<ChooseRate>(), choice => choice is { Kind: "path", Candidates.Count: > 0 });
        Assert.Equal(3, race.Candidates.Count);
        double peak = run.Decisions<ChooseRate>().First(choice => choice.Kind == "path").Chosen!.Value;
        Assert.Equal([peak / 2.8, peak / 1.7, peak], race.Candidates.Select(c => c.Rate));
        Assert.Equal(race.Candidates.MinBy(c => c.Score!.Value)!.Rate, race.Chosen);
        Assert.All(race.Candidates, c => Assert.Equal(Steps * 13 / 20, End(run.Stretches[c.Stretch].Plan)));

        // Judged on forks that are cooled down to 0.
        Assert.All(race.Candidates, c =>
        {
            Stretch fork = Assert.Single(run.Stretches, s => s.Plan.Parent == c.Stretch && s.Plan.Role == StretchRole.Probe).Plan;
            Assert.Equal((Steps / 25, 0.0, true), (fork.Steps, fork.Runs[^1].To, fork.FullValidation));
        });
        Stretch last = run.Stretches[^1].Plan;
        Assert.Equal((Steps * 13 / 20, Steps), (last.Start, End(last)));
        Assert.Equal(last.Parent, race.Candidates.MinBy(c => c.Score!.Value)!.Stretch);
    }

    [Theory]
    [InlineData(0, 1.30, 1.30)]
    [InlineData(1, 2.00, 2.00)]
    [InlineData(2, 2.65, 2.65)]
    public void Each_costs_what_it_trains(int race, double most, double wall)
    {
        SimulatedSearch<QuadraticState> run = Run(Problem(), new AnnealedSettings { Race = race }, new SimulatedQuadratic(NoisyQuadratic.Standard(), 7));
        Assert.Equal(Steps, run.Training);
        Assert.InRange(run.Total, 0, most * Steps);
        Assert.InRange(run.Wall, Steps, wall * Steps);
    }

    [Fact]
    public void With_a_slot_for_each_it_takes_no_longer_than_the_arm_it_begins_with_and_its_cool_down()
    {
        SimulatedSearch<QuadraticState> without = Run(Problem(parallelism: 8), new AnnealedSettings(), new SimulatedQuadratic(NoisyQuadratic.Standard(), 7), slots: 8);
        SimulatedSearch<QuadraticState> with = Run(Problem(parallelism: 8), new AnnealedSettings { Race = 3 }, new SimulatedQuadratic(NoisyQuadratic.Standard(), 7), slots: 8);
        Assert.InRange(with.Wall, without.Wall, without.Wall + (Steps / 25) + 64);
    }

    [Fact]
    public void A_rival_that_wins_takes_the_schedule_and_the_purse_of_the_path()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem(), new AnnealedSettings { Race = 1 }, new Biased(Steps));
        double peak = run.Decisions<ChooseRate>().First(choice => choice.Kind == "path").Chosen!.Value;
        Assert.Equal(peak / 2.8, run.Schedule[1].From);
        Assert.Equal(Steps, run.Training);
    }

    [Fact]
    public void A_race_that_ends_at_the_end_of_training_gives_the_model_at_once()
    {
        SimulatedSearch<QuadraticState> run = Run(
            Problem(), new AnnealedSettings { Race = 1, RaceUntil = 1 }, new SimulatedQuadratic(NoisyQuadratic.Standard(), 7));
        Assert.Null(run.Failure);
        Assert.Equal(Steps, run.Training);
        Assert.Equal(Steps, End(run.Stretches[^1].Plan));
        Assert.Equal(run.Schedule.TotalSteps(), Steps);
    }

    [Fact]
    public void The_fork_that_judged_it_is_the_model_where_training_on_makes_it_worse()
    {
        // From the race on, the more steps the worse.
        SimulatedSearch<QuadraticState> run = Run(Problem(), new AnnealedSettings { Race = 1 }, new OverFittingQuadratic(7, Steps * 13 / 20));
        ChooseRate end = Assert.Single(run.Decisions<ChooseRate>(), choice => choice.Kind == "end");
        SimulatedRecord<QuadraticState> fork = run.Stretches[Assert.Single(end.Taken)];
        Assert.Equal((Steps * 13 / 20, Steps / 25, true), (fork.Plan.Start, fork.Plan.Steps, fork.OnPath));
        Assert.Same(fork.End, run.Model);
        Assert.Equal(fork.Result.Validations[^1].Score, end.Candidates.Min(c => c.Score));

        // The schedule is the fork's, to its last step, and what was trained beyond is search.
        Assert.Equal(Steps * 69 / 100, run.Schedule.TotalSteps());
        Assert.Equal(run.Schedule.TotalSteps(), run.Training);
        Assert.Equal(fork.Plan.Runs, run.Schedule.TakeLast(1));
        Assert.Contains("over-fitted", end.Reason);
        Assert.InRange(run.Total, 0, 2 * Steps);
    }

    [Fact]
    public void The_fork_is_the_model_where_all_that_follows_it_diverges()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem(), new AnnealedSettings { Race = 1 }, new Brittle(0, after: Steps * 7 / 10));
        Assert.Null(run.Failure);
        Assert.Equal(3, run.Decisions<ReduceRate>().Count());
        Assert.Equal(Steps * 69 / 100, run.Training);
        Assert.Equal(Steps * 69 / 100, run.Schedule.TotalSteps());
        int fork = run.Decisions<CompleteSearch>().Single().Stretch;
        Assert.Equal(fork, Assert.Single(run.Decisions<ChooseRate>().Last().Taken));
        Assert.Equal(run.Stretches[fork].Plan.Runs, run.Schedule.TakeLast(1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_path_that_diverges_beyond_its_probes_is_taken_up_at_half_the_rate(int race)
    {
        // Long after the probes, all rates from a fifth of the peak up diverge: the rival's too.
        double peak = Run(Problem(), new AnnealedSettings(), new SimulatedQuadratic(NoisyQuadratic.Standard(), 7)).Schedule[1].From;
        var trainer = new Brittle(peak * 0.2, after: 400);
        SimulatedSearch<QuadraticState> run = Run(Problem(), new AnnealedSettings { Race = race, RaceUntil = 0.5 }, trainer);
        Assert.Null(run.Failure);
        Assert.NotEmpty(run.Decisions<ReduceRate>());
        Assert.Equal(Steps, run.Training);
        Assert.Equal(Steps, run.Schedule.TotalSteps());
    }

    [Fact]
    public void One_that_diverges_at_every_rate_fails_and_says_what_to_do()
    {
        SimulatedSearch<QuadraticState> run = Run(Problem(), new AnnealedSettings { Race = 1 }, new Brittle(0, after: 400));
        Assert.Equal("diverged", run.Failure!.Code);
        Assert.Contains("schedule.range", run.Failure.Reason);
        Assert.Equal(3, run.Decisions<ReduceRate>().Count());
    }

    private static long End(Stretch stretch) => stretch.Start + stretch.Steps;

    private static SimulatedSearch<QuadraticState> Run(
        SearchProblem problem, AnnealedSettings settings, ISimulatedTrainer<QuadraticState> trainer, int slots = 1) =>
        new SearchSimulator<QuadraticState>(new AnnealedSearch(problem, settings), trainer, problem.Parallelism, slots).Run();

    /// <summary>The quadratic, whose validations late in training are the rate, and 0 at the end: lower ones are better there, as where networks over-fit.</summary>
    private sealed class Biased(long last) : ISimulatedTrainer<QuadraticState>
    {
        private readonly SimulatedQuadratic _inner = new(NoisyQuadratic.Standard(), 7);

        public QuadraticState Initial => _inner.Initial;

        public double Loss(QuadraticState state) => _inner.Loss(state);

        public SimulatedStretch<QuadraticState> Run(QuadraticState from, Stretch stretch)
        {
            SimulatedStretch<QuadraticState> made = _inner.Run(from, stretch);
            return End(stretch) < 300 ? made : made with
            {
                Result = made.Result with
                {
                    Validations = [.. made.Result.Validations.Select(v => new ValidationPoint(v.Step, End(stretch) == last ? 0 : stretch.Runs[0].From))],
                },
            };
        }
    }

    /// <summary>The quadratic, on which rates from a limit up diverge once so many steps are made.</summary>
    private sealed class Brittle(double limit, long after) : ISimulatedTrainer<QuadraticState>
    {
        private readonly SimulatedQuadratic _inner = new(NoisyQuadratic.Standard(), 7);

        public QuadraticState Initial => _inner.Initial;

        public double Loss(QuadraticState state) => _inner.Loss(state);

        public SimulatedStretch<QuadraticState> Run(QuadraticState from, Stretch stretch)
        {
            long first = Math.Max(stretch.Start, after);
            bool diverges = End(stretch) > first && stretch.Runs.Rates(stretch.Offset + first - stretch.Start, 1).First() >= limit;
            SimulatedStretch<QuadraticState> made = _inner.Run(from, stretch);
            return diverges
                ? made with { Result = new StretchResult(stretch.Number, StretchOutcome.Diverged, [.. made.Result.Losses.Take((int)(first - stretch.Start + 1))], []) }
                : made;
        }
    }
}
