namespace Orchestrator.Bo.Searches;

/// <summary>When a probe of a stage is given up.</summary>
internal static class StageGuard
{
    /// <summary>
    /// A loss below this share of the search's first one is no measure of divergence: a nearly fitted network triples
    /// its loss on an unlucky batch.
    /// </summary>
    public const double LeastReference = 0.1;

    private const double MostLossRise = 3;
    private const int Patience = 10;

    /// <summary>Three times the loss at the start of the stage, over ten steps in succession.</summary>
    /// <param name="level">That loss; null = unknown: the probe's own first one counts.</param>
    /// <param name="first">The first loss of the search.</param>
    /// <returns>Null where the loss is not above 0: a multiple of it says nothing.</returns>
    public static DivergenceGuard? Of(double? level, double? first)
    {
        double? reference = level is { } known && first is { } begun ? Math.Max(known, LeastReference * begun) : null;
        return reference is <= 0 ? null : new DivergenceGuard(MostLossRise, Patience, reference);
    }
}
