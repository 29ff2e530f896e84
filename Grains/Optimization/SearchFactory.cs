using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Grains.Optimization;

/// <summary>Makes the search that a job file asks for.</summary>
public static class SearchFactory
{
    /// <summary>The search of <paramref name="spec"/>, without state.</summary>
    public static ISearch Create(JobSpec spec)
    {
        ScheduleSpec schedule = spec.Schedule;
        WarmupPlan? warmup = schedule.Warmup is { } w ? new WarmupPlan(w.Steps, w.From, w.To) : null;
        var problem = new SearchProblem(spec.Steps, schedule.MinRate, schedule.MaxRate, warmup, spec.Seed, spec.ParallelTrialCount);
        return schedule.Algorithm switch
        {
            "fixed" => new FixedSearch(problem, Runs(schedule.Fixed!, spec.Steps - (warmup?.Steps ?? 0))),
            "autolrs-reference" => new AutoLrsReferenceSearch(problem, Settings(schedule.AutoLrs!)),
            "autolrs" => new AutoLrsSearch(problem, Settings(schedule.AutoLrs!)),
            _ => throw new ArgumentOutOfRangeException(nameof(spec), schedule.Algorithm, "There is no such search."),
        };
    }

    private static AutoLrsSettings Settings(AutoLrsSpec spec) => new(
        spec.StageSteps,
        spec.Growth,
        spec.MaxStageSteps,
        spec.ProbeSteps,
        spec.Candidates,
        spec.Signal == "validation" ? SearchSignal.Validation : SearchSignal.Training,
        spec.Kappa);

    private static IReadOnlyList<RateRun> Runs(FixedScheduleSpec spec, long steps) => spec.Kind switch
    {
        "runs" => [.. spec.Runs!.Select(run => new RateRun(run.Steps, run.From, run.To))],
        "constant" => new ConstantSchedule(spec.Peak!.Value).Compile(steps),
        "linear" => new LinearSchedule(spec.Peak!.Value, spec.Final).Compile(steps),
        "cosine" => new CosineSchedule(spec.Peak!.Value, spec.Final).Compile(steps),
        "rex" => new RexSchedule(spec.Peak!.Value, spec.Final).Compile(steps),
        "wsd" => new StableDecaySchedule(
            spec.Peak!.Value,
            spec.Final,
            spec.DecayFraction,
            spec.Decay == "sqrt" ? DecayShape.OneMinusSqrt : DecayShape.Linear).Compile(steps),
        _ => throw new ArgumentOutOfRangeException(nameof(spec), spec.Kind, "There is no such kind of schedule."),
    };
}
