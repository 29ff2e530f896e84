namespace Orchestrator.Bo.Searches;

/// <summary>
/// How long stretches are remembered, so that what a job holds in memory grows with its path alone: what was tried leaves it
/// two stages later, unless something that is remembered descends from it.
/// </summary>
public static class StretchMemory
{
    /// <summary>Stages after which what is off the path is forgotten.</summary>
    public const int Stages = 2;

    /// <summary>The plan numbers to forget; nothing may start from them any more.</summary>
    /// <param name="stretches">What is remembered; in use is what is on the path or still under way.</param>
    /// <param name="stage">The stage whose rate was just chosen.</param>
    public static IReadOnlyList<int> Forgettable(IReadOnlyCollection<(Stretch Plan, bool InUse)> stretches, int stage)
    {
        ArgumentNullException.ThrowIfNull(stretches);
        bool IsOld((Stretch Plan, bool InUse) s) => !s.InUse && s.Plan.Stage <= stage - Stages;
        Dictionary<int, int?> parents = stretches.ToDictionary(s => s.Plan.Number, s => s.Plan.Parent);
        var needed = new HashSet<int>();
        foreach ((Stretch plan, _) in stretches.Where(s => !IsOld(s)))
        {
            for (int? parent = plan.Parent; parent is { } number && needed.Add(number);)
            {
                parent = parents[number];
            }
        }

        return [.. stretches.Where(s => IsOld(s) && !needed.Contains(s.Plan.Number)).Select(s => s.Plan.Number)];
    }
}
