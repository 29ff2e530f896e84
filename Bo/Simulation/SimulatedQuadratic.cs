using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Simulation;

/// <summary>
/// The noisy quadratic behind the seam of the simulator. It guards and validates as the trainer does; a validation costs
/// what one on a probe subset costs, 8/3 steps, although this problem's is free.
/// </summary>
/// <param name="problem">The bowl.</param>
/// <param name="seed">Seed of the job.</param>
public sealed class SimulatedQuadratic(NoisyQuadratic problem, long seed) : ISimulatedTrainer<QuadraticState>
{
    /// <inheritdoc/>
    public QuadraticState Initial { get; } = problem.Initial(seed);

    /// <inheritdoc/>
    public double Loss(QuadraticState state) => problem.Loss(state);

    /// <inheritdoc/>
    public SimulatedStretch<QuadraticState> Run(QuadraticState from, Stretch stretch)
    {
        ArgumentNullException.ThrowIfNull(stretch);
        var losses = new List<double>();
        var validations = new List<ValidationPoint>();
        var rise = new LossRise(stretch.Guard?.MaxLossRise, stretch.Guard?.Patience ?? 1, stretch.Guard?.ReferenceLoss);
        QuadraticState state = from;
        long t = stretch.Start;
        foreach (double rate in stretch.Runs.Rates(stretch.Offset, stretch.Steps))
        {
            QuadraticStep step = problem.Step(state, rate, t, seed);
            if (!double.IsFinite(step.Loss) || !double.IsFinite(step.GradientL2) || rise.IsExceededBy(step.Loss))
            {
                return new(new StretchResult(stretch.Number, StretchOutcome.Diverged, losses, validations), state, Cost(validations));
            }

            losses.Add(step.Loss);
            state = step.State;
            t++;
            if (stretch.ValidateEvery > 0 && t % stretch.ValidateEvery == 0)
            {
                validations.Add(new ValidationPoint(t, problem.Loss(state)));
            }
        }

        if (stretch.ValidateAtEnd && (validations.Count == 0 || validations[^1].Step != t))
        {
            validations.Add(new ValidationPoint(t, problem.Loss(state)));
        }

        return new(new StretchResult(stretch.Number, StretchOutcome.Succeeded, losses, validations), state, Cost(validations));
    }

    private static double Cost(List<ValidationPoint> validations) => validations.Count * StretchCost.Validation;
}
