using Orchestrator.Bo.Schedules;

namespace Orchestrator.Bo.Searches;

/// <summary>A warm-up as stage 0 of a schedule: it is given, not searched, and the search begins at its end.</summary>
internal static class WarmupStage
{
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
