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
        Assert.Contains("to step 240 at least, 780 at most", run.Decisions<ChooseRate>().Single(choice => choice.Kind == "path").Reason, StringComparison.Ordinal);
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
        Assert.Contains("no losses", run.Decisions<ChooseRate>().Single(choice => choice.Kind == "decay").Reason, StringComparison.Ordinal);
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

    [Fact]
    public void A_peak_that_diverges_while_it_is_held_decays_from_the_last_look_on_from_half_of_it()
    {
        double peak = Run(new(), step => 1000 - step).Schedule[1].From;
        SimulatedSearch<QuadraticState> run = Run(new(), step => 1000 - step, diverges: (400, peak));
        Assert.Equal(330, Assert.Single(run.Decisions<ReduceRate>()).Step);

        // There are no losses at half the rate to go by: it is not held on.
        Assert.Equal([64, 330 - 64, Steps - 330], run.Schedule.Select(piece => piece.Steps));
        Assert.Equal((peak, peak / 2, 0.0), (run.Schedule[1].From, run.Schedule[2].From, run.Schedule[2].To));
        Assert.Equal(Steps, run.Training);
        double[] trained = [.. run.Stretches.Where(s => s.OnPath).OrderBy(s => s.Plan.Start).SelectMany(s => s.Plan.Runs.Rates(s.Plan.Offset, s.Plan.Steps))];
        Assert.Equal(run.Schedule.Rates(0, Steps), trained);
    }

    private static long Hold(SimulatedSearch<QuadraticState> run) => run.Schedule.TakeWhile(piece => piece.From == piece.To).Sum(piece => piece.Steps);

    private static SimulatedSearch<QuadraticState> Run(
        AnnealedSettings settings, Func<long, double> loss, int parallelism = 1, (long Step, double Rate)? diverges = null) =>
        new SearchSimulator<QuadraticState>(
            new AnnealedSearch(new SearchProblem(Steps, 1e-3, 1, null, 7, parallelism), settings), new Told(loss, diverges), parallelism, parallelism).Run();

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
