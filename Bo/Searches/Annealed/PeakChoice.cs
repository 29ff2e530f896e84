namespace Orchestrator.Bo.Searches.Annealed;

// Notation
//   x, y    log of the rate in spacings (octaves, in `annealed`) beside the best one, and its score
//   y₋, y₀, y₊   scores a spacing below, at, and a spacing above the best rate; y ← min(y, cap · y₀)
//   vertex  (y₋ − y₊) / (2(y₋ − 2y₀ + y₊))

/// <summary>The peak between the rates that were tried.</summary>
internal static class PeakChoice
{
    /// <summary>How far the parabola may lead away from a rate that was tried, in spacings.</summary>
    private const double Most = 0.5;

    /// <summary>A bound so many times above the best score; for scores that are negated values, by so much of its size.</summary>
    public static double Above(double best, double factor) => best + ((factor - 1) * Math.Abs(best));

    /// <summary>
    /// The way from the best rate to the peak, in spacings of log rates. A rate below that was not tried is no reason to go
    /// down; one above that was not tried is a reason to go up a little.
    /// </summary>
    /// <param name="below">Score a spacing below; +∞ = worse beyond measure; null = not tried.</param>
    /// <param name="best">The lowest score, finite.</param>
    /// <param name="above">Score a spacing above; +∞ = worse beyond measure; null = not tried.</param>
    /// <param name="cap">Ratio beyond which scores count as equally bad.</param>
    /// <param name="openEdge">Spacings to go up where nothing above was tried.</param>
    public static double Offset(double? below, double best, double? above, double cap, double openEdge)
    {
        if (above is null)
        {
            return below is null ? 0 : openEdge;
        }

        if (below is null)
        {
            return 0;
        }

        double most = Above(best, cap);
        double low = Math.Min(below.Value, most);
        double high = Math.Min(above.Value, most);
        double curvature = low - (2 * best) + high;
        return curvature > 0 ? Math.Clamp((low - high) / (2 * curvature), -Most, Most) : 0;
    }
}
