using System.Reflection;
using System.Text.Json.Nodes;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Grains.Jobs;

/// <summary>What is shown of a job: views of its state, and its result.</summary>
public static class JobViews
{
    private const string PeakParameter = "schedule.peak";
    private const int MostTrials = 100;

    /// <summary>Version of this build, as results name it.</summary>
    public static string Version { get; } =
        typeof(JobViews).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    /// <summary>The job as the API shows it.</summary>
    public static JobView Job(string id, JobSpec spec, JobState state, double seconds)
    {
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach ((SegmentState segment, int count) in state.Counts.Where(pair => pair.Value > 0))
        {
            counts[segment.ToString().ToLowerInvariant()] = count;
        }

        return new JobView
        {
            Id = id,
            Name = spec.Name,
            Status = state.Status,
            Reason = state.Reason,
            Algorithm = spec.Schedule.Algorithm,
            TotalSteps = spec.Steps,
            Step = state.PathSteps,
            Steps = state.Steps,
            Segments = counts,
            Stage = state.SearchOver ? null
                : state.Order.Outstanding.Select(planned => state.Stretches[planned.Stretch])
                    .Where(s => s.Outcome is null).Min(s => (int?)s.Plan.Stage),
            Loss = state.Loss,
            LearningRate = Rate(state),
            Sequence = state.Sequence,
            Seconds = state.Ended ? state.WallSeconds : seconds,
        };
    }

    /// <summary>A segment as the API shows it.</summary>
    public static SegmentView Segment(string job, JobState state, SegmentRecord segment)
    {
        StretchRecord? stretch = segment.Stretch < 0 ? null : state.Stretches[segment.Stretch];
        RatePlan plan = SegmentPlanner.Plan(stretch?.Plan, segment);
        return new SegmentView
        {
            Id = $"{job}/{segment.Number}",
            Segment = segment.Number,
            Identity = segment.Identity,
            Stretch = segment.Stretch,
            State = segment.State.ToString().ToLowerInvariant(),
            Role = stretch is null ? "final" : stretch.Plan.Role == StretchRole.Path ? "path" : "probe",
            Stage = stretch?.Plan.Stage,
            Start = segment.Start,
            Steps = segment.Steps,
            Rate = plan.Steps > 0 ? plan.RateAt(0) : null,
            Worker = segment.Worker,
            Metrics = segment.Metrics,
            Checkpoint = segment.Checkpoint is { } checkpoint ? $"sha256:{checkpoint.Sha256}" : null,
            Failure = segment.Failure,
            Seconds = segment.Seconds,
        };
    }

    /// <summary>result.json of a job that has ended.</summary>
    public static JobResult Result(string id, JobSpec spec, JobState state)
    {
        string metric = spec.Objective.Metric;
        bool known = state.Metrics.TryGetValue(metric, out double value);
        long step = state.FinalStep ?? state.PathSteps;
        return new JobResult
        {
            Job = id,
            Name = spec.Name,
            Status = state.Status,
            EndedBy = state.Status == JobStatus.Succeeded ? state.EndedBy : null,
            Reproducible = spec.Budget.MaxDuration is null && (state.Placement?.Bitwise ?? false),
            Objective = new ObjectiveResult(metric, spec.Objective.Maximize ? "maximize" : "minimize", known ? value : null, known ? step : null, 0),
            Metrics = state.Metrics,
            Schedule = new ScheduleResult(ScheduleRuns.Clip(state.Schedule, step)),
            Steps = state.Steps,
            Stages = state.Stages,
            Parameters = Parameters(spec, state),
            Trials = Trials(spec, state),
            Checkpoint = state.FinalParent is { } parent && state.Segments[parent].Checkpoint is { } checkpoint ? $"sha256:{checkpoint.Sha256}" : null,
            Placement = state.Placement is { } placement ? new PlacementResult(placement.Trainer, placement.Data, placement.Class) : null,
            Seconds = new SecondsResult(Math.Round(state.WallSeconds, 3), Math.Round(state.TrainerSeconds, 3)),
            Seed = spec.Seed,
            Version = Version,
            Error = state.Status == JobStatus.Succeeded ? null : state.Reason,
        };
    }

    /// <summary>The trials so far, at most the 100 best: one, or one a peak that was tried.</summary>
    public static TrialsResult Trials(JobSpec spec, JobState state)
    {
        StageResult[] rungs = spec.Peaks is null ? [] : [.. state.Stages.Where(stage => stage.Kind == "rung")];
        if (rungs.Length == 0)
        {
            double? value = state.Metrics.TryGetValue(spec.Objective.Metric, out double known) ? known : null;
            return new TrialsResult(1, [new TrialView(0, TrialState(state), value, state.FinalStep ?? state.PathSteps)]);
        }

        double sign = spec.Objective.Maximize ? -1 : 1;
        TrialView[] trials =
        [
            .. rungs.SelectMany(rung => rung.Candidates.Select(candidate => (Rung: rung, Candidate: candidate))).Select((tried, i) => new TrialView(
                i,
                tried.Candidate.Outcome == "diverged" ? "diverged" : tried.Rung.Steps == spec.Steps ? "completed" : "stopped_early",
                tried.Candidate.Score * sign,
                tried.Rung.Steps,
                new Dictionary<string, double> { [PeakParameter] = tried.Candidate.LearningRate })),
        ];
        return new TrialsResult(
            trials.Length,
            [.. trials.OrderByDescending(trial => trial.Step).ThenBy(trial => trial.Value * sign ?? double.MaxValue).Take(MostTrials)]);
    }

    private static JsonObject Parameters(JobSpec spec, JobState state) =>
        spec.Peaks is not null && state.Stages.LastOrDefault(stage => stage.Kind == "path")?.Chosen is { } peak ? new() { [PeakParameter] = peak } : [];

    private static string TrialState(JobState state) => state.Status switch
    {
        JobStatus.Succeeded => state.EndedBy == "steps" ? "completed" : "stopped_early",
        JobStatus.Cancelled => "cancelled",
        not JobStatus.Failed => "running",
        _ => state.Reason?.Code == "no_stable_rate" ? "diverged" : "failed",
    };

    /// <summary>The rate of the path's last step; null before the first.</summary>
    internal static double? Rate(JobState state)
    {
        long at = Math.Max(0, state.PathSteps - 1);
        for (int i = state.Schedule.Count - 1; i >= 0; i--)
        {
            ScheduleRun run = state.Schedule[i];
            if (at >= run.Start)
            {
                return at < run.Start + run.Steps ? new RateRun(run.Steps, run.From, run.To).RateAt(at - run.Start) : null;
            }
        }

        return null;
    }
}
