using System.Collections.Immutable;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Grains.Jobs;

/// <summary>The schedule of a job as runs that follow each other.</summary>
public static class ScheduleRuns
{
    /// <summary>The runs up to a step; one that reaches beyond it is cut there, its slope kept.</summary>
    public static IReadOnlyList<ScheduleRun> Clip(ImmutableList<ScheduleRun> runs, long steps) =>
    [
        .. runs.Where(run => run.Start < steps).Select(run => run.Start + run.Steps <= steps ? run : run with
        {
            Steps = steps - run.Start,
            To = run.From + ((run.To - run.From) * (steps - run.Start) / run.Steps),
        }),
    ];
}
