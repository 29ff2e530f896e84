using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Searches.Annealed;
using Orchestrator.Bo.Simulation;

namespace Orchestrator.Bo.Tests.Searches.Annealed;

/// <summary>How long the peak is held. Of 1,200 steps, looks are at 150, 240, 330, … 690 and 780.</summary>
public sealed class HoldTests
{
    private const long Steps = 1200;

    [Fact]
    public void While_the_loss_falls_the_peak_is_held_to_the_most()
    {
        SimulatedSearch<QuadraticState> run = Run(new(), step => 1000 - step);
        Assert.Equal(780, Hold(run));
        Assert.DoesNotContain(run.Decisions<ChooseRate>(), choice => choice.Kind == "decay");
        Assert.Contains("to step 240 at least", run.Decisions<ChooseRate>().Single(choice => choice.Kind == "path").Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 240)]
    [InlineData(150, 330)]
    [InlineData(240, 420)]
    [InlineData(330, 510)]
    [InlineData(331, 600)]
    public void The_first_look_that_sees_no_fall_ends_it(long flat, long hold)
    {
        // Falls until a step, then stays: in the window in which it comes to rest the mean is lower still.
        SimulatedSearch<QuadraticState> run = Run(new(), step => 1000 - Math.Min(step, flat));
        Assert.Equal(hold, Hold(run));
        ChooseRate decay = run.Decisions<ChooseRate>().Single(choice => choice.Kind == "decay");
        Assert.Equal((hold, Steps - hold), (decay.Start, decay.Steps));
        Assert.Equal([new RateRun(Steps - hold, decay.Chosen!.Value, 0)], decay.Runs);
        Assert.Contains($"{1000 - flat} over the last 90 steps, {1000 - flat} over those before", decay.Reason, StringComparison.Ordinal);
        Assert.Equal(Steps, run.Training);
    }

    [Fact]
    public void Losses_that_are_not_told_are_not_seen_to_fall()
    {
        SimulatedSearch<QuadraticState> run = Run(new(), _ => double.NaN);
        Assert.Equal(240, Hold(run));
        Assert.Contains("none was told", run.Decisions<ChooseRate>().Single(choice => choice.Kind == "decay").Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.5, 0, 600)]
    [InlineData(0.0, 0, 64)]
    [InlineData(null, 1, 420)]
    public void One_that_is_given_and_that_of_a_race_do_not_follow_the_loss(double? hold, int race, long expected)
    {
        foreach (Func<long, double> loss in (Func<long, double>[])[step => step, step => 1000 - step])
        {
            SimulatedSearch<QuadraticState> run = Run(new() { Hold = hold, Race = race }, loss);
            Assert.Equal(expected, Hold(run));
            Assert.DoesNotContain(run.Decisions<ChooseRate>(), choice => choice.Kind == "decay");
        }
    }

    [Fact]
    public void In_waves_it_begins_with_what_was_trained_ahead_and_takes_no_longer()
    {
        SimulatedSearch<QuadraticState> fixedHold = Run(new() { Hold = 0.5 }, step => step, parallelism: 8);
        SimulatedSearch<QuadraticState> follows = Run(new(), step => step, parallelism: 8);
        Assert.Equal(240, Hold(follows));
        Assert.Equal(fixedHold.Wall, follows.Wall);
        Assert.Equal(fixedHold.Total, follows.Total);
    }

    [Theory]
    [InlineData(100, 64, 240)]
    [InlineData(200, 150, 330)]
    [InlineData(400, 330, 510)]
    public void A_peak_that_diverges_while_it_is_held_is_halved_from_the_last_look_on_and_its_own_losses_are_looked_at(long at, long from, long second)
    {
        double peak = Run(new(), step => 1000 - step).Schedule[1].From;
        SimulatedSearch<QuadraticState> run = Run(new(), step => 1000 - step, diverges: (at, peak));
        Assert.Equal(from, Assert.Single(run.Decisions<ReduceRate>()).Step);
        Assert.Equal(780, Hold(run));
        Assert.Equal(peak / 2, run.Schedule[^2].From);
        Assert.Equal(780 - from, run.Schedule[^2].Steps);
        AssertTrainedAsScheduled(run);

        // No loss at the peak is compared with one at half of it.
        SimulatedSearch<QuadraticState> flat = Run(new(), step => step < from ? 1000 - step : 1, diverges: (at, peak));
        Assert.Equal(second, Hold(flat));
    }

    [Fact]
    public void A_decay_that_diverges_is_halved_from_where_it_began()
    {
        double peak = Run(new(), _ => 1).Schedule[1].From;
        SimulatedSearch<QuadraticState> run = Run(new(), _ => 1, diverges: (300, peak / 2));
        Assert.Equal(240, Assert.Single(run.Decisions<ReduceRate>()).Step);
        Assert.Equal([new RateRun(960, peak / 2, 0)], run.Schedule.TakeLast(1));
        AssertTrainedAsScheduled(run);
    }

    [Fact]
    public void Looks_are_half_a_window_apart_at_least_and_none_is_just_before_the_most()
    {
        // The arm of the last rung ends at step 144, 6 before a look.
        SimulatedSearch<QuadraticState> far = Run(new() { Rung2 = 0.18, Guard = 2 }, _ => 1);
        Assert.Equal([144, 240, 330], far.Stretches.Where(s => s.Plan.Role == StretchRole.Path).Select(s => s.Plan.Start));
        Assert.Contains("to step 330 at least", far.Decisions<ChooseRate>().Single(choice => choice.Kind == "path").Reason, StringComparison.Ordinal);

        // 0.65 of 610 is 396.5.
        SimulatedSearch<QuadraticState> odd = Run(new(), step => 1000 - step, steps: 610);
        Assert.Equal(397, Hold(odd));
        Assert.All(odd.Stretches.Where(s => s.Plan.Role == StretchRole.Path), s => Assert.InRange(s.Plan.Steps, 40, 610));
    }

    [Fact]
    public void A_warm_up_comes_before_all_of_it()
    {
        var problem = new SearchProblem(Steps + 50, 1e-3, 1, new WarmupPlan(50, 0, 0.05), 7, 1);
        SimulatedSearch<QuadraticState> run = new SearchSimulator<QuadraticState>(
            new AnnealedSearch(problem, new()), new Told(step => 1000 - Math.Min(step, 200), null)).Run();
        Assert.Equal((290 + 90, Steps - 330), (run.Decisions<ChooseRate>().Single(choice => choice.Kind == "decay").Start, run.Schedule[^1].Steps));
        AssertTrainedAsScheduled(run, Steps + 50);
    }

    /// <summary>A search that began before holds followed the loss has its schedule in its events.</summary>
    [Fact]
    public void A_path_that_was_chosen_with_another_hold_keeps_it()
    {
        SimulatedSearch<QuadraticState> old = Run(new() { Hold = 0.35 }, step => 1000 - step);
        var search = new AnnealedSearch(new SearchProblem(Steps, 1e-3, 1, null, 7, 1), new());
        var state = (AnnealedState)old.Events.Aggregate(search.Initial, search.Apply);
        Assert.Equal(old.Schedule, state.Path!.Runs);
        Assert.True(state.Ended);
    }

    private static void AssertTrainedAsScheduled(SimulatedSearch<QuadraticState> run, long steps = Steps)
    {
        Assert.Equal(steps, run.Training);
        double[] trained = [.. run.Stretches.Where(s => s.OnPath).OrderBy(s => s.Plan.Start).SelectMany(s => s.Plan.Runs.Rates(s.Plan.Offset, s.Plan.Steps))];
        Assert.Equal(run.Schedule.Rates(0, steps), trained);
    }

    private static long Hold(SimulatedSearch<QuadraticState> run) => run.Schedule.TakeWhile(piece => piece.From == piece.To).Sum(piece => piece.Steps);

    private static SimulatedSearch<QuadraticState> Run(
        AnnealedSettings settings, Func<long, double> loss, int parallelism = 1, (long Step, double Rate)? diverges = null, long steps = Steps) =>
        new SearchSimulator<QuadraticState>(
            new AnnealedSearch(new SearchProblem(steps, 1e-3, 1, null, 7, parallelism), settings), new Told(loss, diverges), parallelism, parallelism).Run();

    /// <summary>The quadratic, whose path tells these losses, and diverges at a step at rates from one up.</summary>
    private sealed class Told(Func<long, double> loss, (long Step, double Rate)? diverges) : ISimulatedTrainer<QuadraticState>
    {
        private readonly SimulatedQuadratic _inner = new(NoisyQuadratic.Standard(), 7);

        public QuadraticState Initial => _inner.Initial;

        public double Loss(QuadraticState state) => _inner.Loss(state);

        public SimulatedStretch<QuadraticState> Run(QuadraticState from, Stretch stretch)
        {
            SimulatedStretch<QuadraticState> made = _inner.Run(from, stretch);
            if (stretch.Role != StretchRole.Path)
            {
                return made;
            }

            double[] told = [.. made.Result.Losses.Select((_, i) => loss(stretch.Start + i))];
            return made with
            {
                Result = diverges is { } d && stretch.Start <= d.Step && d.Step < stretch.Start + stretch.Steps
                    && stretch.Runs.Rates(stretch.Offset + d.Step - stretch.Start, 1).Single() >= d.Rate
                    ? new StretchResult(stretch.Number, StretchOutcome.Diverged, [.. told.Take((int)(d.Step - stretch.Start + 1))], [])
                    : made.Result with { Losses = told },
            };
        }
    }
}
