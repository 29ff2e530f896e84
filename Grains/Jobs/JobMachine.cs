using System.Text;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Grains.Jobs;

/// <summary>
/// What a job makes of what it is told: pure functions from the state and a message to events. Nothing here knows
/// time, a store or a network.
/// </summary>
public static class JobMachine
{
    /// <summary>Failures after which a segment is given up, and leases lost in a row that count as one.</summary>
    public const int GiveUpAfter = 3;

    /// <summary>Events of a lease's result, and the verdict on it.</summary>
    public static (IReadOnlyList<JobEvent> Events, CompletionVerdict Verdict, string? Message) Complete(
        JobState state, JobSpec spec, LeasedCompletion told)
    {
        Completion result = told.Completion;
        if (!state.Segments.TryGetValue(told.Segment, out SegmentRecord? segment))
        {
            return told.Segment >= 0 && told.Segment < state.NextSegment
                ? ([], CompletionVerdict.Superseded, "The job went on without it.")
                : ([], CompletionVerdict.Invalid, $"The job has no segment {told.Segment}.");
        }

        if (segment.Lease == told.Lease && !segment.Open)
        {
            return ([], CompletionVerdict.Retry, null);
        }

        if (state.Ended)
        {
            return ([], CompletionVerdict.Superseded, $"The job has {state.Status.ToString().ToLowerInvariant()}.");
        }

        if (!segment.Open)
        {
            return segment.State is SegmentState.Succeeded or SegmentState.Diverged
                ? ([new DuplicateCounted(segment.Number, result.Steps, told.Lease)], CompletionVerdict.Duplicate, null)
                : ([], CompletionVerdict.Superseded, "The job no longer wants it.");
        }

        return result.Outcome switch
        {
            CompletionOutcome.Released => (Offer(segment, told, "released", result.Failure?.Message ?? "The worker gave it back."), CompletionVerdict.Accepted, null),
            CompletionOutcome.Failed => (Failed(segment, told), CompletionVerdict.Accepted, null),
            CompletionOutcome.Diverged => Checked(state, segment, told, [Finish(spec, state, segment, told, SegmentState.Diverged)]),
            _ => Checked(state, segment, told, Succeeded(state, spec, segment, told)),
        };
    }

    /// <summary>Events of a lease that is over without a result.</summary>
    public static IReadOnlyList<JobEvent> Lose(JobState state, LostLease lost)
    {
        if (state.Ended || !state.Segments.TryGetValue(lost.Segment, out SegmentRecord? segment) || !segment.Open)
        {
            return [];
        }

        var retried = new SegmentRetried(segment.Number, "lost", Math.Min(lost.Steps, segment.Steps), lost.Reason, lost.Worker);
        return segment.Losses + 1 < GiveUpAfter
            ? [retried]
            : [retried, GiveUp(segment, lost.Lease, lost.Worker, 0, new SegmentFailure(
                "lost", $"Segment {segment.Number} was lost {GiveUpAfter} times in a row: it seems to kill its worker. Last: {lost.Reason}"))];
    }

    /// <summary>The stretches of the path that ended well, the furthest last; what a job cut short falls back on.</summary>
    public static (int? Segment, long Step) PathEnd(JobState state)
    {
        StretchRecord? end = state.Stretches.Values
            .Where(s => s is { OnPath: true, Outcome: Bo.Searches.StretchOutcome.Succeeded } && state.Segments[s.Pieces[^1]].Checkpoint is not null)
            .MaxBy(s => s.Plan.Start + s.Plan.Steps);
        return end is null ? (null, 0) : (end.Pieces[^1], end.Plan.Start + end.Plan.Steps);
    }

    private static SegmentRetried[] Offer(SegmentRecord segment, LeasedCompletion told, string cause, string message) =>
        [new SegmentRetried(segment.Number, cause, told.Completion.Steps, message, told.Worker)];

    private static JobEvent[] Failed(SegmentRecord segment, LeasedCompletion told)
    {
        SegmentFailure failure = told.Completion.Failure ?? new SegmentFailure("error", "The worker gave no reason.");
        if (failure.WorkerFault)
        {
            return Offer(segment, told, "worker_fault", failure.Message);
        }

        SegmentRetried[] retried = Offer(segment, told, "failed", $"{failure.Kind}: {failure.Message}");
        bool again = failure.Kind != "bad_input" && segment.Failures + 1 < GiveUpAfter;
        return again ? retried : [.. retried, GiveUp(segment, told.Lease, told.Worker, told.Completion.Seconds?.Total ?? 0, failure)];
    }

    private static SegmentFinished GiveUp(SegmentRecord segment, string lease, string worker, double seconds, SegmentFailure failure) => new()
    {
        Segment = segment.Number,
        Outcome = SegmentState.Failed,
        Steps = 0,
        Lease = lease,
        Worker = worker,
        TrainerSeconds = seconds,
        Failure = failure,
    };

    /// <summary>Refuses a result that is not what was planned; it counts as a failure of the segment.</summary>
    private static (IReadOnlyList<JobEvent> Events, CompletionVerdict Verdict, string? Message) Checked(
        JobState state, SegmentRecord segment, LeasedCompletion told, IReadOnlyList<JobEvent> events)
    {
        string? problem = Problem(state, segment, told.Completion);
        if (problem is null)
        {
            return (events, CompletionVerdict.Accepted, null);
        }

        Completion failed = told.Completion with { Outcome = CompletionOutcome.Failed, Failure = new SegmentFailure("protocol", problem) };
        return (Failed(segment, told with { Completion = failed }), CompletionVerdict.Invalid, problem);
    }

    private static string? Problem(JobState state, SegmentRecord segment, Completion result)
    {
        if (result.Steps < 0 || result.Steps > segment.Steps)
        {
            return $"It made {result.Steps} steps; {segment.Steps} were planned.";
        }

        bool succeeded = result.Outcome == CompletionOutcome.Succeeded;
        if (succeeded && result.Checkpoint is null && (segment.Output || result.Steps < segment.Steps) && result.Steps > 0)
        {
            return "It brought no checkpoint, although one was wanted.";
        }

        if (segment.FinalSplit is not null && succeeded && result.Metrics is not { Count: > 0 })
        {
            return "It brought no metrics, although it was an evaluation.";
        }

        if (result.Steps > 0 && segment.Stretch >= 0 && (succeeded || result.Series is not null))
        {
            return RatesProblem(SegmentPlanner.Plan(state.Stretches[segment.Stretch].Plan, segment), result);
        }

        return null;
    }

    private static string? RatesProblem(RatePlan plan, Completion result)
    {
        if (result.Series is null)
        {
            return "It brought no series.";
        }

        IReadOnlyList<SeriesPoint> series;
        try
        {
            series = SeriesCsv.Parse(Encoding.UTF8.GetBytes(result.Series));
        }
        catch (FormatException e)
        {
            return $"Its series cannot be read: {e.Message}";
        }

        if (series.Count < result.Steps)
        {
            return $"Its series has {series.Count} points for {result.Steps} steps.";
        }

        double[] rates = plan.Expand(Math.Min(series.Count, plan.Steps));
        for (int i = 0; i < rates.Length; i++)
        {
            if (series[i].Rate != rates[i])
            {
                return $"wrong_rates: step {i} of the segment ran at {series[i].Rate}, not at {rates[i]} as planned.";
            }
        }

        return null;
    }

    private static IReadOnlyList<JobEvent> Succeeded(JobState state, JobSpec spec, SegmentRecord segment, LeasedCompletion told)
    {
        Completion result = told.Completion;
        if (result.Steps == 0 && segment.Steps > 0)
        {
            return Offer(segment, told, "released", "It was stopped before its first step.");
        }

        if (segment.Recompute)
        {
            return Recomputed(state, spec, segment, told);
        }

        SegmentFinished finished = Finish(spec, state, segment, told, SegmentState.Succeeded);
        if (result.Steps < segment.Steps)
        {
            return [new SegmentSplit(segment.Number, result.Steps, state.NextSegment), finished];
        }

        return Goal(spec, state, segment, result) is { } goal ? [finished, goal, new FinalPlanned(segment.Number, segment.Start + segment.Steps)] : [finished];
    }

    private static JobEvent[] Recomputed(JobState state, JobSpec spec, SegmentRecord segment, LeasedCompletion told)
    {
        if (told.Completion.Steps < segment.Steps)
        {
            return Offer(segment, told, "released", "Only a prefix was recomputed.");
        }

        SegmentFinished finished = Finish(spec, state, segment, told, SegmentState.Succeeded);
        string? first = segment.Checkpoint?.Sha256;
        string second = told.Completion.Checkpoint!.Sha256;
        return first is null || first == second ? [finished] : [new NondeterminismFound(segment.Number, first, second), finished];
    }

    private static GoalReached? Goal(JobSpec spec, JobState state, SegmentRecord segment, Completion result)
    {
        if (spec.Objective.Goal is not { } goal || spec.Validation.Samples is not null || segment.Stretch < 0
            || segment.Checkpoint is not null || !state.Stretches[segment.Stretch].OnPath || !segment.Output)
        {
            return null;
        }

        foreach (ValidationResult validation in result.Validations ?? [])
        {
            if (validation.Metrics.TryGetValue(spec.Objective.Metric, out double value) && (spec.Objective.Maximize ? value >= goal : value <= goal))
            {
                return new GoalReached(validation.Step, value);
            }
        }

        return null;
    }

    private static SegmentFinished Finish(JobSpec spec, JobState state, SegmentRecord segment, LeasedCompletion told, SegmentState outcome)
    {
        Completion result = told.Completion;
        return new SegmentFinished
        {
            Segment = segment.Number,
            Outcome = outcome,
            Steps = result.Steps,
            Evaluation = EvaluationCost(state, spec, result),
            Checkpoint = outcome == SegmentState.Succeeded ? result.Checkpoint : null,
            Metrics = result.Metrics,
            Loss = LastLoss(result.Series),
            Lease = told.Lease,
            Worker = told.Worker,
            TrainerSeconds = result.Seconds?.Total ?? 0,
            Failure = result.Failure,
        };
    }

    /// <summary>Validations in steps: forward samples ÷ (3 × batch size).</summary>
    private static double EvaluationCost(JobState state, JobSpec spec, Completion result)
    {
        long batch = spec.Settings["batchSize"] is System.Text.Json.Nodes.JsonValue value && value.TryGetValue(out long own) ? own : state.Placement!.BatchSize;
        return batch <= 0 ? 0 : (result.Validations ?? []).Sum(validation => validation.Samples ?? 0) / (3.0 * batch);
    }

    private static double? LastLoss(string? series)
    {
        if (series is null)
        {
            return null;
        }

        return SeriesCsv.Parse(Encoding.UTF8.GetBytes(series)).LastOrDefault(point => point.Loss is not null).Loss;
    }
}
