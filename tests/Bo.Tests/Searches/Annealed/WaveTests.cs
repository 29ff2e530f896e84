using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Searches.Annealed;
using Orchestrator.Bo.Simulation;

namespace Orchestrator.Bo.Tests.Searches.Annealed;

/// <summary>Eight at once: steps are spent so that nothing is waited for.</summary>
public sealed class WaveTests
{
    private const long Steps = 1200;

    [Fact]
    public void Arms_of_the_last_rung_are_trained_on_while_their_probes_cool_down()
    {
        SimulatedSearch<QuadraticState> run = Run(new Scripted(_ => null));
        Stretch[] coolDowns = [.. run.Stretches.Select(s => s.Plan).Where(s => s is { Stage: 2, Role: StretchRole.Probe, Continues: false })];
        Assert.NotEmpty(coolDowns);
        Assert.All(coolDowns, coolDown =>
        {
            Stretch ahead = Assert.Single(run.Stretches, s => s.Plan.Parent == coolDown.Parent && s.Plan is { Stage: 2, Continues: true }).Plan;
            Assert.Equal((coolDown.Start, coolDown.Steps), (ahead.Start, ahead.Steps));
        });

        // The winner's 64 steps and the 32 beside its cool-down are the model's; the path goes on from there.
        Assert.Equal(96, run.Schedule[0].Steps);
        Assert.Equal(Steps, run.Training);
        Assert.Equal(96, run.Stretches.Select(s => s.Plan).First(s => s.Role == StretchRole.Path).Start);
    }

    [Fact]
    public void One_that_diverges_right_after_its_probe_has_lost()
    {
        double best = Run(new Scripted(_ => null)).Schedule[0].From;
        SimulatedSearch<QuadraticState> run = Run(new Scripted(_ => null, diverges: s => s.Start == 64 && s.Continues && s.Runs[0].From >= best * 0.99));
        ChooseRate last = run.Decisions<ChooseRate>().Single(choice => choice is { Kind: "rung", Stage: 2 });
        Assert.Equal(StretchOutcome.Diverged, last.Candidates.Single(c => c.Rate == best).Outcome);
        Assert.True(run.Schedule[0].From < best, $"{run.Schedule[0].From} of {best}");
        Assert.Equal(Steps, run.Training);
    }

    [Theory]
    [InlineData(0.9, 0.8, 1.0)] // As on a plateau: what lies between is no better than what lies below.
    [InlineData(0.8, 0.7, 0.7)] // A climb goes on for as long as it gets better.
    [InlineData(0.8, 0.9, 0.8)]
    public void The_rate_that_a_climb_might_lead_to_counts_only_where_it_does(double before, double last, double wins)
    {
        // Rung 0 likes 0.0625 best; of the others of rung 1 that rate has 0.85, and those below it more.
        var scores = new Dictionary<double, double> { [0.125] = before, [0.25] = last, [0.0625] = 0.85 };
        SimulatedSearch<QuadraticState> run = Run(new Scripted(stretch => stretch.Stage switch
        {
            0 => Math.Abs(Math.Log2(Rate(stretch) / 0.0625)) + 1,
            1 => scores.GetValueOrDefault(Rate(stretch), 2),
            _ => null,
        }));
        ChooseRate rung = run.Decisions<ChooseRate>().Single(choice => choice is { Kind: "rung", Stage: 1 });
        Assert.Equal(5, rung.Candidates.Count);
        Assert.Equal(wins == 1.0 ? 0.0625 : scores.Single(s => s.Value == wins && s.Key != 0.0625).Key, rung.Chosen);

        double Rate(Stretch coolDown) => Math.Round(coolDown.Runs[0].From * (coolDown.Steps + 1) / coolDown.Steps, 9);
    }

    private static SimulatedSearch<QuadraticState> Run(Scripted trainer)
    {
        var problem = new SearchProblem(Steps, 1.0 / 4096, 1, null, 7, AnnealedSettings.WaveParallelism);
        return new SearchSimulator<QuadraticState>(
            new AnnealedSearch(problem, new AnnealedSettings()), trainer, problem.Parallelism, problem.Parallelism).Run();
    }

    /// <summary>The quadratic, with scores and divergences of one's own.</summary>
    private sealed class Scripted(Func<Stretch, double?> score, Func<Stretch, bool>? diverges = null) : ISimulatedTrainer<QuadraticState>
    {
        private readonly SimulatedQuadratic _inner = new(NoisyQuadratic.Standard(), 7);

        public QuadraticState Initial => _inner.Initial;

        public double Loss(QuadraticState state) => _inner.Loss(state);

        public SimulatedStretch<QuadraticState> Run(QuadraticState from, Stretch stretch)
        {
            SimulatedStretch<QuadraticState> made = _inner.Run(from, stretch);
            if (diverges?.Invoke(stretch) == true)
            {
                return made with { Result = new StretchResult(stretch.Number, StretchOutcome.Diverged, [.. made.Result.Losses.Take(1)], []) };
            }

            return made with
            {
                Result = made.Result with
                {
                    Validations = [.. made.Result.Validations.Select(v => score(stretch) is { } said ? new ValidationPoint(v.Step, said) : v)],
                },
            };
        }
    }
}
