namespace Orchestrator.Bo.Searches;

/// <summary>No rate survives a stage: how a stagewise search says so.</summary>
internal static class StageFailure
{
    private const string Kind = "no_stable_rate";

    /// <summary>All probes of a stage diverged.</summary>
    /// <param name="rates">The rates that were tried, at least one.</param>
    /// <param name="start">First step of the stage.</param>
    /// <param name="problem">Whose range is to be lowered.</param>
    public static FailSearch OfProbes(IReadOnlyCollection<double> rates, long start, SearchProblem problem) => new(
        Kind,
        $"Every one of the {rates.Count} rates tried from step {start} on, between {rates.Min():G4} and {rates.Max():G4}, diverged. {Lower(problem)} or add a warm-up.");

    /// <summary>The chosen rate diverged after its probe had not, and there is no other.</summary>
    public static FailSearch OfPath(double failed, int stage, long start, SearchProblem problem) => new(
        Kind,
        $"Training diverged at {failed:G4} in stage {stage} (from step {start}), and no lower rate survives. {Lower(problem)}.");

    private static string Lower(SearchProblem problem) =>
        $"Lower schedule.range (now {problem.MinRate:G4} to {problem.MaxRate:G4})";
}
