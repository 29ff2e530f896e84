using System.Collections.Immutable;

namespace Orchestrator.Bo.Searches.AutoLrsReference;

/// <summary>
/// State of a <see cref="AutoLrsReferenceSearch"/>: where its path is, and the stage it is in. Finished stages leave nothing
/// behind, so it does not grow with the job.
/// </summary>
/// <param name="NextStretch">Plan number of the next stretch.</param>
/// <param name="Stage">Index of the stage, warm-up not counted.</param>
/// <param name="Tip">Stretch from whose end the stage starts; null = the initial state.</param>
/// <param name="WarmupDone">There is no warm-up, or it succeeded.</param>
/// <param name="Candidates">Rates planned in this stage, in plan order.</param>
/// <param name="Chosen">Plan number of the candidate that was taken; null = none yet.</param>
/// <param name="Path">Stretch under way, or just observed, on the path; null = none.</param>
/// <param name="PathOutcome">How it ended; null while it runs.</param>
/// <param name="Realised">Mean signal over its last steps.</param>
/// <param name="Level">The signal at the start of the stage: what the last stage realised; null = unknown.</param>
/// <param name="FirstLoss">The first loss of the search; null = unknown.</param>
/// <param name="Ended">The search completed or failed.</param>
public sealed record ReferenceState(
    int NextStretch,
    int Stage,
    int? Tip,
    bool WarmupDone,
    ImmutableArray<Candidate> Candidates,
    int? Chosen,
    int? Path,
    StretchOutcome? PathOutcome,
    double? Realised,
    double? Level,
    double? FirstLoss,
    bool Ended) : SearchState, IStageState
{
    /// <summary>Every planned candidate was observed.</summary>
    internal bool AllObserved => Candidates.All(candidate => candidate.Outcome is not null);
}

/// <summary>A rate that a stage tries.</summary>
/// <param name="Stretch">Plan number of its probe.</param>
/// <param name="Rate">Learning rate.</param>
/// <param name="Outcome">How the probe ended; null while it runs.</param>
/// <param name="Mean">Forecast of the signal at the end of the stage; null = none.</param>
/// <param name="Deviation">Standard deviation of the forecast.</param>
public sealed record Candidate(int Stretch, double Rate, StretchOutcome? Outcome, double? Mean, double? Deviation)
{
    /// <summary>It survived and has a forecast, so that it may be chosen.</summary>
    internal bool IsEligible => Outcome == StretchOutcome.Succeeded && Mean is not null;

    internal Forecast? Forecast => Mean is { } mean ? new Forecast(mean, Deviation ?? 0) : null;

    internal CandidateRecord Record(long probeSteps) =>
        new(Stretch, Rate, probeSteps, Outcome ?? StretchOutcome.Cancelled, IsEligible ? Forecast : null);
}
