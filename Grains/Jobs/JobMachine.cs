using Orchestrator.Bo.Searches;
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

        // Whatever brought an end once is a repetition now, also where the segment runs again for another reason.
        if (segment.Lease == told.Lease || Past(segment, told.Lease) is { Answered: true })
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
                ? ([new DuplicateCounted(segment.Number, Within(segment, result.Steps), told.Lease)], CompletionVerdict.Duplicate, null)
                : ([], CompletionVerdict.Superseded, "The job no longer wants it.");
        }

        return result.Outcome switch
        {
            CompletionOutcome.Released =>
                ([Offer(segment, told, "released", result.Failure?.Message ?? "The worker gave it back.")], CompletionVerdict.Accepted, null),
            CompletionOutcome.Failed => (Failed(segment, told), CompletionVerdict.Accepted, null),
            _ => Judged(state, spec, segment, told),
        };
    }

    /// <summary>Events of a lease that is over without a result.</summary>
    public static IReadOnlyList<JobEvent> Lose(JobState state, LostLease lost)
    {
        if (state.Ended || !state.Segments.TryGetValue(lost.Segment, out SegmentRecord? segment) || !segment.Open
            || segment.Lease == lost.Lease || Past(segment, lost.Lease) is not null)
        {
            return [];
        }

        var retried = new SegmentRetried(
            segment.Number, lost.Drained ? "drained" : "lost", Within(segment, lost.Steps), lost.Reason, lost.Worker, lost.Lease);
        return lost.Drained || segment.Losses + 1 < GiveUpAfter
            ? [retried]
            : [retried, GiveUp(segment, lost.Lease, lost.Worker, 0, new SegmentFailure(
                "lost", $"Segment {segment.Number} was lost {GiveUpAfter} times in a row: it seems to kill its worker. Last: {lost.Reason}"))];
    }

    private static PastLease? Past(SegmentRecord segment, string lease) => segment.Past?.GetValueOrDefault(lease);

    /// <summary>What a worker says it made, held to what it could make.</summary>
    private static long Within(SegmentRecord segment, long steps) => Math.Clamp(steps, 0, segment.Steps);

    private static SegmentRetried Offer(SegmentRecord segment, LeasedCompletion told, string cause, string message) =>
        new(segment.Number, cause, Within(segment, told.Completion.Steps), message, told.Worker, told.Lease);

    private static JobEvent[] Failed(SegmentRecord segment, LeasedCompletion told)
    {
        SegmentFailure failure = told.Completion.Failure ?? new SegmentFailure("error", "The worker gave no reason.");
        if (failure.WorkerFault)
        {
            return [Offer(segment, told, "worker_fault", failure.Message)];
        }

        SegmentRetried retried = Offer(segment, told, "failed", $"{failure.Kind}: {failure.Message}");
        bool again = failure.Kind != "bad_input" && segment.Failures + 1 < GiveUpAfter;
        return again ? [retried] : [retried, GiveUp(segment, told.Lease, told.Worker, told.Completion.Seconds?.Total ?? 0, failure)];
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

    /// <summary>Takes a result that is what was planned; any other is refused, and counts as a failure of the segment.</summary>
    private static (IReadOnlyList<JobEvent> Events, CompletionVerdict Verdict, string? Message) Judged(
        JobState state, JobSpec spec, SegmentRecord segment, LeasedCompletion told)
    {
        string? problem = CompletionCheck.Problem(state, segment, told.Completion, out IReadOnlyList<SeriesPoint> series);
        if (problem is null)
        {
            IReadOnlyList<JobEvent> events = told.Completion.Outcome == CompletionOutcome.Diverged
                ? Diverged(state, segment, told, series)
                : Succeeded(state, spec, segment, told, series);
            return (events, CompletionVerdict.Accepted, null);
        }

        Completion failed = told.Completion with { Outcome = CompletionOutcome.Failed, Failure = new SegmentFailure("protocol", problem) };
        return (Failed(segment, told with { Completion = failed }), CompletionVerdict.Invalid, problem);
    }

    private static JobEvent[] Diverged(
        JobState state, SegmentRecord segment, LeasedCompletion told, IReadOnlyList<SeriesPoint> series)
    {
        if (!segment.Recompute)
        {
            return [Finish(segment, told, SegmentState.Diverged, series)];
        }

        // It succeeded before: there is no state to go back to, and nobody may build on this.
        string message = $"It diverged when it was run again for its lost checkpoint: {told.Completion.Failure?.Message}";
        return state.Placement!.Bitwise
            ? [Offer(segment, told, "failed", message), new NondeterminismFound(segment.Number, segment.Checkpoint!.Sha256, "diverged")]
            : Failed(segment, told with { Completion = told.Completion with { Failure = new SegmentFailure("nondeterminism", message) } });
    }

    private static JobEvent[] Succeeded(
        JobState state, JobSpec spec, SegmentRecord segment, LeasedCompletion told, IReadOnlyList<SeriesPoint> series)
    {
        Completion result = told.Completion;
        if (result.Steps == 0 && segment.Steps > 0)
        {
            return [Offer(segment, told, "released", "It was stopped before its first step.")];
        }

        bool whole = result.Steps == segment.Steps;
        if (!whole && segment.Recompute)
        {
            return [Offer(segment, told, "released", "Only a prefix was recomputed.")];
        }

        DivergenceGuard? guard = segment.Stretch < 0 ? null : state.Stretches[segment.Stretch].Plan.Guard;
        if (!whole && guard is not null && !state.Placement!.CutsGuarded)
        {
            // Blind for a while after the border, its guard would fire later or not at all: a stop would change what diverges.
            return [Offer(segment, told, "released", "It was stopped, and the guard of its trainer cannot look across the stop.")];
        }

        if (segment.Recompute)
        {
            return Recomputed(segment, told, series);
        }

        GoalMark? goal = Goal(spec, state, segment, result);
        SegmentFinished finished = Finish(segment, told, SegmentState.Succeeded, series) with { Goal = goal };
        if (!whole)
        {
            GuardWatch? watch = GuardWatch.After(guard, segment.Watch, series);
            return [new SegmentSplit(segment.Number, result.Steps, state.NextSegment, watch), finished];
        }

        return goal is null
            ? [finished]
            : [finished, new GoalReached(goal.Step, goal.Value), new FinalPlanned(segment.Number, segment.Start + segment.Steps)];
    }

    private static JobEvent[] Recomputed(SegmentRecord segment, LeasedCompletion told, IReadOnlyList<SeriesPoint> series)
    {
        SegmentFinished finished = Finish(segment, told, SegmentState.Succeeded, series);
        string? first = segment.Checkpoint?.Sha256;
        string second = told.Completion.Checkpoint!.Sha256;
        return first is null || first == second ? [finished] : [new NondeterminismFound(segment.Number, first, second), finished];
    }

    /// <summary>
    /// The first full validation that reached the goal, in this segment or in what it is the rest of. None counts while something
    /// runs beside the path, as in a race: how much of that was made when the job ended would be a matter of time.
    /// </summary>
    private static GoalMark? Goal(JobSpec spec, JobState state, SegmentRecord segment, Completion result)
    {
        if (spec.Objective.Goal is not { } goal || spec.Validation.Samples is not null || segment.Stretch < 0
            || !state.Stretches[segment.Stretch].OnPath || !segment.Output
            || state.Order.Outstanding.Any(planned => !state.Stretches[planned.Stretch].OnPath))
        {
            return null;
        }

        if (segment.Rest && state.Segments[segment.Parent!.Value].Goal is { } earlier)
        {
            return earlier;
        }

        Stretch plan = state.Stretches[segment.Stretch].Plan;
        foreach (ValidationResult validation in result.Validations ?? [])
        {
            // What the search asked for at a stretch's end is for the search to judge: a race's fork may be better.
            if (plan.FullValidation && validation.Step == plan.Start + plan.Steps)
            {
                continue;
            }

            if (validation.Metrics.TryGetValue(spec.Objective.Metric, out double value) && (spec.Objective.Maximize ? value >= goal : value <= goal))
            {
                return new GoalMark(validation.Step, value);
            }
        }

        return null;
    }

    private static SegmentFinished Finish(
        SegmentRecord segment, LeasedCompletion told, SegmentState outcome, IReadOnlyList<SeriesPoint> series)
    {
        Completion result = told.Completion;
        return new SegmentFinished
        {
            Segment = segment.Number,
            Outcome = outcome,
            Steps = result.Steps,
            Samples = outcome == SegmentState.Succeeded ? (result.Validations ?? []).Sum(validation => validation.Samples ?? 0) : 0,
            Checkpoint = outcome == SegmentState.Succeeded ? result.Checkpoint : null,
            Metrics = result.Metrics,
            Loss = series.LastOrDefault(point => point.Loss is not null).Loss,
            Lease = told.Lease,
            Worker = told.Worker,
            TrainerSeconds = result.Seconds?.Total ?? 0,
            Failure = result.Failure,
        };
    }
}
