namespace Orchestrator.Workers.Agent.Trainers;

/// <summary>A program and its arguments.</summary>
/// <param name="Program">Path, or a name found through PATH.</param>
/// <param name="Arguments">Handed over as they are, never through a shell.</param>
internal sealed record TrainerCommand(string Program, IReadOnlyList<string> Arguments)
{
    /// <inheritdoc/>
    public override string ToString() => string.Join(' ', Arguments.Prepend(Program));
}
