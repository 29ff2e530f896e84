using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Searches.Annealed;
using Orchestrator.Bo.Simulation;

namespace Orchestrator.Bo.Tests.Searches.Annealed;

/// <summary>Networks that show nothing at first: scores say nothing until a step, whatever the rate.</summary>
public sealed class PlateauTests
{
    /// <summary>The plateau ends before the last rung, after rung 1, never; at lengths where probes can be doubled, and not.</summary>
    [Theory]
    [InlineData(1000, 40)]
    [InlineData(1000, 200)]
    [InlineData(2000, 100)]
    [InlineData(2000, 5000)]
    [InlineData(8000, 300)]
    public void A_plateau_is_no_divergence_and_costs_no_more(long steps, long plateau)
    {
        for (long seed = 1; seed <= 5; seed++)
        {
            foreach (int parallelism in (int[])[1, 8])
            {
                SimulatedSearch<QuadraticState> run = new SearchSimulator<QuadraticState>(
                    new AnnealedSearch(new SearchProblem(steps, 1e-4, 1, null, seed, parallelism), new AnnealedSettings()),
                    new Plateau(plateau, seed), parallelism, slots: 8).Run();
                Assert.Null(run.Failure);
                Assert.Equal(steps, run.Training);
                Assert.InRange(run.Total, steps, (parallelism == 1 ? 1.30 : 1.45) * steps);
            }
        }
    }

    [Fact]
    public void Probes_are_made_longer_once_where_that_can_be_paid()
    {
        SimulatedSearch<QuadraticState> run = new SearchSimulator<QuadraticState>(
            new AnnealedSearch(new SearchProblem(4000, 1e-2, 1, null, 1, 1), new AnnealedSettings { Guard = 1 }), new Plateau(100_000, 1)).Run();
        Assert.Single(run.Decisions<LengthenProbes>());
    }

    [Fact]
    public void Where_it_cannot_be_paid_the_last_rung_goes_on_and_probes_the_neighbours()
    {
        SimulatedSearch<QuadraticState> run = new SearchSimulator<QuadraticState>(
            new AnnealedSearch(new SearchProblem(1000, 1e-4, 1, null, 1, 1), new AnnealedSettings()), new Plateau(40, 1)).Run();
        Assert.Empty(run.Decisions<LengthenProbes>());
        ChooseRate[] rungs = [.. run.Decisions<ChooseRate>().Where(choice => choice.Kind == "rung")];
        Assert.Contains("cannot be paid", rungs[1].Reason, StringComparison.Ordinal);
        Assert.True(rungs[2].Candidates.Count >= 2);
    }

    private sealed class Plateau(long until, long seed) : ISimulatedTrainer<QuadraticState>
    {
        private readonly SimulatedQuadratic _inner = new(NoisyQuadratic.Standard(), seed);

        public QuadraticState Initial => _inner.Initial;

        public double Loss(QuadraticState state) => _inner.Loss(state);

        public SimulatedStretch<QuadraticState> Run(QuadraticState from, Stretch stretch)
        {
            SimulatedStretch<QuadraticState> made = _inner.Run(from, stretch);
            return stretch.Start + stretch.Steps >= until || made.Result.Outcome != StretchOutcome.Succeeded ? made : made with
            {
                Result = made.Result with { Validations = [.. made.Result.Validations.Select(v => new ValidationPoint(v.Step, 3.3 + (v.Loss * 1e-6)))] },
            };
        }
    }
}
