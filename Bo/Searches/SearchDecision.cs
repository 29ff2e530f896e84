using System.Text.Json.Serialization;

namespace Orchestrator.Bo.Searches;

/// <summary>What a search decides; every decision says why in <see cref="Reason"/>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "decision")]
[JsonDerivedType(typeof(PlanStretch), "plan")]
[JsonDerivedType(typeof(ChooseRate), "choose")]
[JsonDerivedType(typeof(RealiseStage), "realise")]
[JsonDerivedType(typeof(LengthenProbes), "lengthen_probes")]
[JsonDerivedType(typeof(ReduceRate), "rate_reduced")]
[JsonDerivedType(typeof(CompleteSearch), "complete")]
[JsonDerivedType(typeof(FailSearch), "fail")]
public abstract record SearchDecision(string Reason);

/// <summary>Run a stretch.</summary>
public sealed record PlanStretch(Stretch Stretch) : SearchDecision(Stretch.Reason)
{
    /// <summary>What it costs, by purse.</summary>
    public StretchCost Cost => StretchCost.Of(Stretch);

    /// <summary>
    /// What of the final loss it is expected to save, as a share of it: the reason it is worth its steps. Null where steps
    /// were not weighed: they are training, or nothing is known yet.
    /// </summary>
    public double? Gain { get; init; }
}

/// <summary>Planned steps by purse. A probe that is taken becomes training later.</summary>
/// <param name="Training">Steps on the path.</param>
/// <param name="Search">Steps beside it.</param>
/// <param name="Evaluation">Validations on the probe subset, 8/3 steps each; those on the whole split are counted when they are made.</param>
public sealed record StretchCost(long Training, long Search, double Evaluation)
{
    /// <summary>A validation of the probe subset in steps: 8 batches forward, a third of a step each.</summary>
    public const double Validation = 8.0 / 3;

    /// <summary>The cost of a stretch.</summary>
    public static StretchCost Of(Stretch stretch)
    {
        ArgumentNullException.ThrowIfNull(stretch);
        long end = stretch.Start + stretch.Steps;
        long within = stretch.ValidateEvery > 0 ? (end / stretch.ValidateEvery) - (stretch.Start / stretch.ValidateEvery) : 0;
        bool last = stretch.ValidateAtEnd && (stretch.ValidateEvery == 0 || end % stretch.ValidateEvery != 0);
        bool path = stretch.Role == StretchRole.Path;
        return new StretchCost(
            path ? stretch.Steps : 0, path ? 0 : stretch.Steps, stretch.FullValidation ? 0 : (within + (last ? 1 : 0)) * Validation);
    }
}

/// <summary>
/// Extend the schedule by a stage. When a stage is chosen again (its path diverged), the new choice replaces
/// the schedule from <see cref="Start"/> on.
/// </summary>
/// <param name="Stage">Index of the stage.</param>
/// <param name="Kind">
/// stage, warmup or path; decay: the path decays from here on, earlier than planned; end: the model is one of fewer steps,
/// because what was trained beyond is worse; rung: candidates were compared, nothing of the schedule is decided, and runs
/// are empty.
/// </param>
/// <param name="Start">First step of the stage within the trial.</param>
/// <param name="Steps">Its length.</param>
/// <param name="Runs">The rates of the stage; their steps sum to <see cref="Steps"/>.</param>
/// <param name="Chosen">The chosen rate; null where there was nothing to choose.</param>
/// <param name="Forecast">Forecast of the signal at the end of the stage at the chosen rate; null when none was made.</param>
/// <param name="Candidates">The rates that were tried, in plan order.</param>
/// <param name="Taken">Probe stretches that have become part of the path: their steps move from search to training.</param>
/// <param name="Dropped">Stretches that left the path: their steps move from training to search.</param>
public sealed record ChooseRate(
    int Stage,
    string Kind,
    long Start,
    long Steps,
    IReadOnlyList<Schedules.RateRun> Runs,
    double? Chosen,
    Forecast? Forecast,
    IReadOnlyList<CandidateRecord> Candidates,
    IReadOnlyList<int> Taken,
    IReadOnlyList<int> Dropped,
    string Reason) : SearchDecision(Reason);

/// <summary>Record what the signal really was at the end of a stage.</summary>
/// <param name="Stage">Index of the stage.</param>
/// <param name="Realised">Mean of the signal over the stage's last window; null = unknown.</param>
public sealed record RealiseStage(int Stage, double? Realised, string Reason) : SearchDecision(Reason);

/// <summary>Probes told nothing apart: those to come are twice as long.</summary>
/// <param name="Steps">Steps of the next probe.</param>
public sealed record LengthenProbes(long Steps, string Reason) : SearchDecision(Reason);

/// <summary>The path diverged and is taken up again at a lower rate; the choice that follows replaces the schedule.</summary>
/// <param name="From">The peak that diverged.</param>
/// <param name="To">The new peak.</param>
/// <param name="Step">Step from which training is repeated.</param>
public sealed record ReduceRate(double From, double To, long Step, string Reason) : SearchDecision(Reason);

/// <summary>The search is at its end; the model is the one at the end of <see cref="Stretch"/>.</summary>
public sealed record CompleteSearch(int Stretch, string Reason) : SearchDecision(Reason);

/// <summary>The search cannot go on.</summary>
/// <param name="Code">Machine-readable, e.g. no_stable_rate.</param>
public sealed record FailSearch(string Code, string Reason) : SearchDecision(Reason);

/// <summary>A predicted loss and the standard deviation of the prediction.</summary>
public sealed record Forecast(double Mean, double Deviation);

/// <summary>A rate that a stage tried.</summary>
/// <param name="Stretch">Plan number of its probe.</param>
/// <param name="Rate">The learning rate.</param>
/// <param name="ProbeSteps">Steps of the probe.</param>
/// <param name="Outcome">How the probe ended; Cancelled = it was not run.</param>
/// <param name="Forecast">The forecast made of it; null when it diverged, or none is made.</param>
/// <param name="Score">The held-out loss it reached, where that is what is compared; less is better.</param>
public sealed record CandidateRecord(
    int Stretch, double Rate, long ProbeSteps, StretchOutcome Outcome, Forecast? Forecast, double? Score = null);
