using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Simulation;

namespace Orchestrator.TestKit.Training;

/// <summary>The noisy quadratic, whose held-out loss is worse by 10 for a path that is trained beyond a step.</summary>
/// <param name="seed">Seed of its noise.</param>
/// <param name="after">The step.</param>
public sealed class OverFittingQuadratic(long seed, long after) : ISimulatedTrainer<QuadraticState>
{
    private readonly SimulatedQuadratic _inner = new(NoisyQuadratic.Standard(), seed);

    /// <inheritdoc/>
    public QuadraticState Initial => _inner.Initial;

    /// <inheritdoc/>
    public double Loss(QuadraticState state) => _inner.Loss(state);

    /// <inheritdoc/>
    public SimulatedStretch<QuadraticState> Run(QuadraticState from, Stretch stretch)
    {
        ArgumentNullException.ThrowIfNull(stretch);
        SimulatedStretch<QuadraticState> made = _inner.Run(from, stretch);
        return stretch.Start < after || stretch.Role == StretchRole.Probe ? made : made with
        {
            Result = made.Result with { Validations = [.. made.Result.Validations.Select(v => v with { Score = v.Score + 10 })] },
        };
    }
}
