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
public sealed record PlanStretch(Stretch Stretch) : SearchDecision(Stretch.Reason);

/// <summary>
/// Extend the schedule by a stage. When a stage is chosen again (its path diverged), the new choice replaces
/// the schedule from <see cref="Start"/> on.
/// </summary>
/// <param name="Stage">Index of the stage.</param>
/// <param name="Kind">
/// stage, warmup or path; rung: candidates were compared, nothing of the schedule is decided, and runs are empty.
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
