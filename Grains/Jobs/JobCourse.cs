using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Grains.Jobs;

/// <summary>
/// What comes next of a job: pure functions from its state to events. Time is a number that they are given, of seconds
/// since the submission.
/// </summary>
public static class JobCourse
{
    /// <summary>
    /// The stretch that the search is to observe now; null = there is something to wait for: its end, or a piece of it
    /// that is being made again and will be stored anew. A job that has failed shows its search nothing: what was
    /// cancelled for that is no news of a rate.
    /// </summary>
    public static StretchRecord? Due(JobState state) =>
        !state.Ended && !state.SearchOver && Failure(state) is null && state.Order.Next is { } next
        && state.Stretches[next] is { Outcome: not null } stretch && !stretch.Pieces.Any(state.Open.Contains) ? stretch : null;

    /// <summary>Events of what the search decided, unless the budget forbids it.</summary>
    public static IReadOnlyList<JobEvent> Decided(JobState state, JobSpec spec, IReadOnlyList<SearchDecision> decisions, double wall)
    {
        if (OverBudget(state, spec, decisions) is { } reached)
        {
            return [reached];
        }

        var events = new List<JobEvent>();
        foreach (SearchDecision decision in decisions)
        {
            events.Add(new SearchDecided(decision, state.Sequence));
            switch (decision)
            {
                case FailSearch failed:
                    return [.. events, new JobEnded(JobStatus.Failed, null, new JobError(failed.Code, failed.Reason), wall)];
                case CompleteSearch complete:
                    StretchRecord model = state.Stretches[complete.Stretch];
                    return [.. events, new FinalPlanned(model.Pieces[^1], model.Plan.Start + model.Plan.Steps)];
                default:
                    break;
            }
        }

        return events;
    }

    /// <summary>Events that end the job, or lead to its end; empty while it goes on.</summary>
    public static IReadOnlyList<JobEvent> Close(JobState state, JobSpec spec, double wall)
    {
        if (state.Ended)
        {
            return [];
        }

        if (Failure(state) is { } error)
        {
            return [new JobEnded(JobStatus.Failed, null, error, wall)];
        }

        if (state.FinalStep is not null)
        {
            return state.FinalPieces.All(piece => state.Segments[piece].State == SegmentState.Succeeded)
                ? [new JobEnded(JobStatus.Succeeded, state.EndedBy, null, wall)]
                : [];
        }

        var events = new List<JobEvent>();
        bool outOfTime = TimeLeft(state, spec, wall) <= TimeSpan.Zero;
        if (outOfTime && state.EndedBy is null)
        {
            events.Add(new BudgetReached($"The job has run for the {spec.Budget.MaxDuration} it was given."));
        }

        if (outOfTime || (state.EndedBy == "budget" && state.Open.IsEmpty))
        {
            (int? segment, long step) = PathEnd(state);
            events.Add(segment is null
                ? new JobEnded(JobStatus.Failed, null, new JobError(
                    "budget_too_small", "The budget was reached before anything of the model was trained: the search took all of it. Raise budget.maxSteps or budget.maxDuration."), wall)
                : new FinalPlanned(segment, step));
        }

        return events;
    }

    /// <summary>What is left of the job's duration, paused time excluded; endless where it has no bound.</summary>
    public static TimeSpan TimeLeft(JobState state, JobSpec spec, double wall)
    {
        if (spec.Budget.MaxDuration is not { } most)
        {
            return TimeSpan.MaxValue;
        }

        double paused = state.PausedSeconds + (state.PausedAt is { } at ? wall - at : 0);
        return most - TimeSpan.FromSeconds(wall - paused);
    }

    /// <summary>
    /// Where the path ends that was made so far, in segments whose checkpoints are there: what a job that is cut short
    /// falls back on. A stretch that diverged is no part of it.
    /// </summary>
    public static (int? Segment, long Step) PathEnd(JobState state)
    {
        SegmentRecord? end = state.Stretches.Values
            .Where(stretch => stretch is { OnPath: true, Outcome: null or StretchOutcome.Succeeded })
            .SelectMany(stretch => stretch.Pieces.Select(piece => state.Segments[piece]))
            .Where(piece => piece.Checkpoint is not null)
            .MaxBy(piece => piece.Start + piece.Steps);
        return end is null ? (null, 0) : (end.Number, end.Start + end.Steps);
    }

    /// <summary>
    /// Whether the next plans would exceed the budget. Counted in planned order, as the search sees it: what it has
    /// observed at what it cost, and all the rest as it was planned, whether it has arrived or not.
    /// </summary>
    private static BudgetReached? OverBudget(JobState state, JobSpec spec, IReadOnlyList<SearchDecision> decisions)
    {
        long wanted = decisions.OfType<PlanStretch>().Sum(plan => plan.Stretch.Steps);
        if (spec.Budget.MaxSteps is not { } most || wanted == 0)
        {
            return null;
        }

        long spent = state.SettledSteps + Evaluations.Steps(spec, state.Placement!, state.SettledSamples)
            + state.Order.Outstanding.Sum(planned => state.Stretches[planned.Stretch].Plan.Steps);
        return spent + wanted > most
            ? new BudgetReached($"{spent} steps are spent or under way, and the next {wanted} would exceed the budget of {most}.")
            : null;
    }

    private static JobError? Failure(JobState state)
    {
        if (state.Nondeterminism is { } found)
        {
            return new JobError("nondeterminism_found",
                $"The checkpoint of segment {found.Segment} was made again and has other bytes, although the class "
                + $"{state.Placement!.Class} promises the same: first {found.First}, then {found.Second}.");
        }

        if (state.Counts.GetValueOrDefault(SegmentState.Failed) > 0)
        {
            SegmentRecord failed = state.Segments.Values.First(segment => segment.State == SegmentState.Failed);
            return new JobError("segment_failed",
                $"Segment {failed.Number} (steps {failed.Start} to {failed.Start + failed.Steps}) failed for good: {failed.Failure}");
        }

        return state.FinalPieces.Any(piece => state.Segments[piece].State == SegmentState.Diverged)
            ? new JobError("diverged", "The final model's losses are not finite.")
            : null;
    }
}
