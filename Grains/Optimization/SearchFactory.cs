using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Searches.Annealed;
using Orchestrator.Bo.Searches.AutoLrs;
using Orchestrator.Bo.Searches.AutoLrsReference;
using Orchestrator.Bo.Searches.Peaks;
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
            "annealed" => new AnnealedSearch(problem, Settings(schedule.Annealed!)),
            "fixed" when spec.Peaks is { } peaks => Trials(problem, schedule, peaks),
            "fixed" => new FixedSearch(problem, Runs(schedule.Fixed!, schedule.Fixed!.Peak, spec.Steps - (warmup?.Steps ?? 0))),
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
        spec.Kappa,
        spec.Racing,
        spec.Anneal,
        spec.FirstProbeSteps);

    private static AnnealedSettings Settings(AnnealedSpec spec)
    {
        var own = new AnnealedSettings();
        return own with
        {
            Rung0 = spec.Rung0 ?? own.Rung0,
            Rung1 = spec.Rung1 ?? own.Rung1,
            Rung2 = spec.Rung2 ?? own.Rung2,
            CoolDown = spec.CoolDown ?? own.CoolDown,
            Guard = spec.Guard,
            Hold = spec.Hold,
            Repair = spec.Repair,
            Race = spec.Race,

            // A share that was given is meant as it stands.
            LongShare = (spec.Rung0 ?? spec.Rung1 ?? spec.Rung2) is null ? own.LongShare : 1,
        };
    }

    private static PeakSearch Trials(SearchProblem problem, ScheduleSpec schedule, PeakTrialsSpec trials)
    {
        int count = trials.Rungs[0].Count;
        IReadOnlyList<double> peaks = trials.Values
            ?? (trials.Algorithm == "sobol" ? PeakPoints.Sobol(trials.Min, trials.Max, count) : PeakPoints.Grid(trials.Min, trials.Max, count));
        return new PeakSearch(
            problem,
            peaks,
            [.. trials.Rungs.Select(rung => new PeakRung(rung.Count, Math.Max(2, (long)Math.Round(rung.Fraction * problem.Steps, MidpointRounding.AwayFromZero))))],
            (peak, steps) =>
            {
                // A shortened schedule has a shortened warm-up; one without a rate of its own leads up to the peak.
                WarmupPlan? warmup = problem.Warmup is { } w
                    ? w with { Steps = w.Steps * steps / problem.Steps, To = w.To > 0 ? w.To : peak }
                    : null;
                return Runs(schedule.Fixed!, peak, steps - (warmup?.Steps ?? 0)).After(warmup);
            });
    }

    private static IReadOnlyList<RateRun> Runs(FixedScheduleSpec spec, double? peak, long steps) => spec.Kind switch
    {
        "runs" => [.. spec.Runs!.Select(run => new RateRun(run.Steps, run.From, run.To))],
        "constant" => new ConstantSchedule(peak!.Value).Compile(steps),
        "linear" => new LinearSchedule(peak!.Value, spec.Final).Compile(steps),
        "cosine" => new CosineSchedule(peak!.Value, spec.Final).Compile(steps),
        "rex" => new RexSchedule(peak!.Value, spec.Final).Compile(steps),
        "wsd" => new StableDecaySchedule(
            peak!.Value,
            spec.Final,
            spec.DecayFraction,
            spec.Decay == "sqrt" ? DecayShape.OneMinusSqrt : DecayShape.Linear).Compile(steps),
        _ => throw new ArgumentOutOfRangeException(nameof(spec), spec.Kind, "There is no such kind of schedule."),
    };
}
