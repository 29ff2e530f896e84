using System.Collections.Immutable;

namespace Orchestrator.Bo.Searches.Annealed;

/// <summary>
/// A rate that is tried: a chain of constant stretches from the initial checkpoint, and from the end of each a
/// cool-down that is thrown away once it was scored.
/// </summary>
/// <param name="Rate">Its learning rate.</param>
/// <param name="Chain">Plan numbers of its constant stretches.</param>
/// <param name="Made">Their steps.</param>
/// <param name="Unprobed">Those of them that no probe was charged with yet.</param>
/// <param name="Probes">Its probes, one a rung at most.</param>
public sealed record Arm(double Rate, ImmutableArray<int> Chain, long Made, long Unprobed, ImmutableArray<ArmProbe> Probes)
{
    /// <summary>It diverged, or had no finite score.</summary>
    internal bool IsDead => Probes.Any(probe => probe.IsDead);

    /// <summary>Its probe of a rung; null = none.</summary>
    internal ArmProbe? At(int rung) => Probes.FirstOrDefault(probe => probe.Rung == rung);

    /// <summary>Its score in a rung: +∞ where it died, there or before; null where it was not tried.</summary>
    internal double? Score(int rung) => IsDead ? double.PositiveInfinity : At(rung)?.Score;
}

/// <summary>A probe of an arm.</summary>
/// <param name="Rung">0, 1 or 2.</param>
/// <param name="CoolDown">Plan number of the stretch that cools down; it is the one that is scored.</param>
/// <param name="Steps">Steps newly run for it.</param>
/// <param name="Outcome">How it ended; null while it runs.</param>
/// <param name="Score">The held-out loss at its end, smaller is better; null = none.</param>
/// <param name="Ahead">
/// Plan number of the constant stretch that is trained while this cools down, in case the arm wins; null = none.
/// </param>
/// <param name="AheadOutcome">How that ended; null while it runs.</param>
public sealed record ArmProbe(
    int Rung, int CoolDown, long Steps, StretchOutcome? Outcome, double? Score, int? Ahead = null, StretchOutcome? AheadOutcome = null)
{
    /// <summary>Something that was planned has not been observed.</summary>
    internal bool IsWaiting => Outcome is null || (Ahead is not null && AheadOutcome is null);

    /// <summary>It ended without a score, or its rate diverged right after.</summary>
    internal bool IsDead => !IsWaiting && (Score is null || AheadOutcome is not (null or StretchOutcome.Succeeded));
}
