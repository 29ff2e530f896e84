using Orchestrator.Bo.Schedules;

namespace Orchestrator.Bo.Searches;

/// <summary>A warm-up as stage 0 of a schedule: it is given, not searched.</summary>
internal static class WarmupStage
{
    public static ChooseRate Choose(WarmupPlan warmup) => new(
        Stage: 0, "warmup", Start: 0, warmup.Steps, [RateRuns.OfWarmup(warmup)], Chosen: null, Forecast: null,
        Candidates: [], Taken: [], Dropped: [],
        $"Warm-up from {warmup.From:G4} to {warmup.To:G4} over {warmup.Steps} steps, as the job says.");
}
