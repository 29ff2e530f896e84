using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Simulation;

/// <summary>A training problem small enough to be run inside a test, whose states can be forked.</summary>
/// <typeparam name="TState">Immutable state: weights, optimiser.</typeparam>
public interface ISimulatedTrainer<TState>
{
    /// <summary>The state before the first step.</summary>
    TState Initial { get; }

    /// <summary>Runs a stretch from a state. A function of its arguments: the same again gives the same bits.</summary>
    SimulatedStretch<TState> Run(TState from, Stretch stretch);

    /// <summary>The validation loss of a state, which a search may not ask for.</summary>
    double Loss(TState state);
}

/// <summary>A stretch that was run.</summary>
/// <param name="Result">What a search is told.</param>
/// <param name="End">The state at its end, or where it diverged.</param>
/// <param name="Evaluation">Cost of its validations in steps.</param>
public sealed record SimulatedStretch<TState>(StretchResult Result, TState End, double Evaluation)
{
    /// <summary>Steps it made.</summary>
    public long Steps => Result.Losses.Count;
}
