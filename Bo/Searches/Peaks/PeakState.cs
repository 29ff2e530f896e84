using System.Collections.Immutable;

namespace Orchestrator.Bo.Searches.Peaks;

/// <summary>State of <see cref="PeakSearch"/>.</summary>
/// <param name="NextStretch">Plan number of the next stretch.</param>
/// <param name="Rung">The rung that is under way.</param>
/// <param name="Trials">Its trials, in order of their peaks.</param>
/// <param name="Chosen">Plan number of the trial that became the model; null = none yet.</param>
/// <param name="Ended">The search completed or failed.</param>
public sealed record PeakState(int NextStretch, int Rung, ImmutableArray<PeakTrial> Trials, int? Chosen, bool Ended) : SearchState
{
    /// <summary>The trials that ended with a score, best first, the larger peak of equals first.</summary>
    internal PeakTrial[] Ranked =>
        [.. Trials.Where(trial => trial.Score is not null).OrderBy(trial => trial.Score!.Value).ThenByDescending(trial => trial.Peak)];
}

/// <summary>A full schedule, or a shortened one, at a peak.</summary>
/// <param name="Peak">Its highest rate.</param>
/// <param name="Stretch">Plan number; null = not planned yet.</param>
/// <param name="Outcome">How it ended; null while it runs.</param>
/// <param name="Score">The validation at its end, smaller is better; null = none.</param>
/// <param name="Last">Mean training loss over its last steps.</param>
public sealed record PeakTrial(double Peak, int? Stretch, StretchOutcome? Outcome, double? Score, double? Last);
