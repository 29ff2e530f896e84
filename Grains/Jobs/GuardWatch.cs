using System.Collections.Immutable;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Grains.Jobs;

/// <summary>
/// What a divergence guard has seen of a segment that was stopped. The rest of the segment is told, so that its guard
/// fires at the same step as if there had been no stop: what diverges is a function of the plan.
/// </summary>
/// <param name="ReferenceLoss">Loss compared with; null = none was seen.</param>
/// <param name="Losses">The last training losses, oldest first, fewer than the guard's patience.</param>
public sealed record GuardWatch(double? ReferenceLoss, ImmutableArray<double> Losses)
{
    /// <summary>What <paramref name="guard"/> knows at the end of a prefix; null = there is no guard.</summary>
    /// <param name="guard">The guard of the stretch.</param>
    /// <param name="before">What it knew at the prefix's start.</param>
    /// <param name="prefix">The steps of the prefix.</param>
    public static GuardWatch? After(DivergenceGuard? guard, GuardWatch? before, IReadOnlyList<SeriesPoint> prefix)
    {
        if (guard is null)
        {
            return null;
        }

        double[] seen = [.. prefix.Select(point => point.Loss).OfType<double>()];
        IEnumerable<double> all = before is null ? seen : before.Losses.Concat(seen);
        return new GuardWatch(
            before?.ReferenceLoss ?? guard.ReferenceLoss ?? seen.Cast<double?>().FirstOrDefault(),
            [.. all.TakeLast(guard.Patience - 1)]);
    }
}
