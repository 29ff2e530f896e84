using Orchestrator.Bo.Schedules;

namespace Orchestrator.Bo.Searches;

/// <summary>A warm-up as stage 0 of a schedule: it is given, not searched, and the search begins at its end.</summary>
internal static class WarmupStage
{
    /// <summary>What to do about it until it is done.</summary>
    /// <param name="warmup">The warm-up.</param>
    /// <param name="planned">Whether its stretch was planned.</param>
    /// <param name="outcome">How that ended; null = it runs.</param>
    /// <param name="realised">Mean training loss at its end.</param>
    public static IReadOnlyList<SearchDecision> Decide(WarmupPlan warmup, bool planned, StretchOutcome? outcome, double? realised) => outcome switch
    {
        _ when !planned => [Choose(warmup), Plan(warmup)],
        null => [],
        StretchOutcome.Succeeded => [new RealiseStage(0, realised, "Mean training loss over the last steps of the warm-up.")],
        _ => [Fail(warmup)],
    };

    /// <summary>What a stagewise search remembers of its stretch.</summary>
    public static Observation Digest(StretchResult result) => new(
        result.Stretch, result.Outcome, null, null, Signal.First(result.Losses), Signal.Tail(result.Losses, Signal.Window(result.Losses.Count)));

    /// <summary>Records it.</summary>
    public static ChooseRate Choose(WarmupPlan warmup) => new(
        Stage: 0, "warmup", Start: 0, warmup.Steps, [RateRuns.OfWarmup(warmup)], Chosen: null, Forecast: null,
        Candidates: [], Taken: [], Dropped: [],
        $"Warm-up from {warmup.From:G4} to {warmup.To:G4} over {warmup.Steps} steps, as the job says.");

    /// <summary>Trains it, as stretch 0.</summary>
    public static PlanStretch Plan(WarmupPlan warmup) => new(new Stretch(
        0, null, 0, warmup.Steps, [RateRuns.OfWarmup(warmup)], 0, StretchRole.Path, null, 0, false, Continues: true, 0,
        $"Warm-up of {warmup.Steps} steps; the search begins after it."));

    /// <summary>It diverged.</summary>
    public static FailSearch Fail(WarmupPlan warmup) => new(
        "no_stable_rate", $"Training diverged in the warm-up to {warmup.To:G4}. Lower warmup.to or lengthen it.");
}
