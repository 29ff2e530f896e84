using System.Collections.Immutable;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Grains.Jobs;

/// <summary>
/// The job's state after an event. Pure, and the only way a state changes: what is true live is true on replay.
/// </summary>
/// <param name="job">Id of the job.</param>
/// <param name="spec">Its job file.</param>
/// <param name="search">Its search.</param>
public sealed class JobTransitions(string job, JobSpec spec, ISearch search)
{
    /// <summary>Id of the job.</summary>
    public string Job { get; } = job;

    /// <summary>Its job file.</summary>
    public JobSpec Spec { get; } = spec;

    /// <summary>Its search.</summary>
    public ISearch Search { get; } = search;

    /// <summary>The state before the first event.</summary>
    public JobState Initial => new() { Order = PlannedOrder.Create(Spec.ParallelTrialCount), Search = Search.Initial };

    /// <summary>The state after <paramref name="e"/>.</summary>
    /// <exception cref="InvalidOperationException">The event cannot follow.</exception>
    public JobState Apply(JobState state, JobEvent e)
    {
        JobState next = e switch
        {
            JobSubmitted submitted => state with { Owner = submitted.Owner, Status = JobStatus.Unschedulable, Reason = new JobError("unschedulable", "It has not been placed on a worker yet.") },
            JobUnschedulable unschedulable => state with { Status = JobStatus.Unschedulable, Reason = new JobError("unschedulable", unschedulable.Reason) },
            JobPlaced placed => state with
            {
                Placement = placed.Placement,
                Status = JobStatus.Running,
                Reason = null,
                PausedSeconds = placed.At ?? state.PausedSeconds,
                PausedAt = state.PausedAt is null ? null : placed.At ?? state.PausedAt,
            },
            SearchDecided decided => Decided(state, decided.Decision),
            StretchObserved observed => Observed(state, observed.Observation),
            SegmentFinished finished => Finished(state, finished),
            SegmentSplit split => Split(state, split),
            SegmentRetried retried => Retried(state, retried),
            DuplicateCounted duplicate => Past(state, duplicate.Segment, duplicate.Lease, duplicate.Steps, answered: true),
            CheckpointLost lost => Lost(state, lost),
            NondeterminismFound found => state with { Nondeterminism = state.Placement!.Bitwise ? found : state.Nondeterminism },
            BudgetReached => state with { EndedBy = "budget" },
            GoalReached => state with { EndedBy = "goal" },
            FinalPlanned final => Final(state, final),
            JobPaused paused => Release(state with { Status = JobStatus.Paused, Reason = new JobError("paused", paused.Reason), PausedAt = paused.At }, SegmentState.Planned, SegmentState.Held),
            JobResumed resumed => Release(
                state with
                {
                    Status = JobStatus.Running,
                    Reason = null,
                    PausedSeconds = state.PausedSeconds + resumed.At - (state.PausedAt ?? resumed.At),
                    PausedAt = null,
                },
                SegmentState.Held,
                SegmentState.Planned),
            JobEnded ended => Ended(state, ended),
            _ => throw new InvalidOperationException($"The event {e.GetType().Name} is not known."),
        };
        return next with { Sequence = state.Sequence + 1 };
    }

    private static JobState Release(JobState state, SegmentState from, SegmentState to) => state.With(
        state.Open.Select(number => state.Segments[number]).Where(segment => segment.State == from).Select(segment => segment with { State = to }));

    private static JobState Ended(JobState state, JobEnded ended) => CancelOpen(state, kept: []) with
    {
        Status = ended.Status,
        Reason = ended.Error,
        EndedBy = ended.EndedBy,
        WallSeconds = ended.WallSeconds,
    };

    private static JobState CancelOpen(JobState state, HashSet<int> kept) => state.With(
        state.Open.Where(number => !kept.Contains(number)).Select(number => state.Segments[number] with { State = SegmentState.Cancelled }));

    private JobState Decided(JobState state, SearchDecision decision)
    {
        state = state with { Search = Search.Apply(state.Search!, new Decided(decision)) };
        return decision switch
        {
            PlanStretch plan => Plan(state, plan.Stretch),
            ChooseRate choice => Choose(state, choice),
            RealiseStage realised => state with
            {
                Stages = [.. state.Stages.Select(stage => stage.Index == realised.Stage ? stage with { Realised = realised.Realised } : stage)],
            },
            CompleteSearch => state with { EndedBy = state.EndedBy ?? "steps" },
            LengthenProbes or ReduceRate or FailSearch => state,
            _ => throw new InvalidOperationException($"The decision {decision.GetType().Name} is not known."),
        };
    }

    private JobState Plan(JobState state, Stretch stretch)
    {
        if (state.Stretches.ContainsKey(stretch.Number))
        {
            throw new InvalidOperationException($"Stretch {stretch.Number} was planned before.");
        }

        ImmutableArray<SegmentRecord> pieces = SegmentPlanner.Cut(Spec, state, stretch);
        StretchOutcome? outcome = pieces[0].Open ? null : StretchOutcome.Cancelled;
        return state.With(pieces) with
        {
            Order = state.Order.Plan(stretch.Number, stretch.Parent, stretch.Steps),
            Stretches = state.Stretches.Add(stretch.Number, new StretchRecord(
                stretch, [.. pieces.Select(piece => piece.Number)], stretch.Role == StretchRole.Path, false, outcome, 0)),
            NextSegment = state.NextSegment + pieces.Length,
        };
    }

    private static JobState Choose(JobState state, ChooseRate choice)
    {
        var stage = new StageResult
        {
            Index = choice.Stage,
            Kind = choice.Kind,
            Start = choice.Start,
            Steps = choice.Steps,
            Chosen = choice.Chosen,
            Reason = choice.Reason,
            Forecast = ToResult(choice.Forecast),
            Candidates =
            [
                .. choice.Candidates.Select(candidate => new CandidateResult(
                    candidate.Rate,
                    candidate.ProbeSteps,
                    candidate.Outcome switch { StretchOutcome.Diverged => "diverged", StretchOutcome.Cancelled => "skipped", _ => "succeeded" },
                    ToResult(candidate.Forecast),
                    candidate.Score)),
            ],
        };
        var runs = new List<ScheduleRun>();
        long start = choice.Start;
        foreach (Bo.Schedules.RateRun run in choice.Runs)
        {
            runs.Add(new ScheduleRun(start, run.Steps, run.From, run.To, choice.Reason));
            start += run.Steps;
        }

        state = state with
        {
            // A choice that is made again replaces what followed from it.
            Stages = [.. state.Stages.Where(known => known.Index < choice.Stage), stage],
            Schedule = [.. ScheduleRuns.Clip(state.Schedule, choice.Start), .. runs],
        };
        state = choice.Taken.Aggregate(state, (now, stretch) => Move(now, stretch, onPath: true));
        state = choice.Dropped.Aggregate(state, (now, stretch) => Move(now, stretch, onPath: false));
        return Forget(state, choice.Stage);
    }

    /// <summary>What nothing can start from any more leaves the memory; its rows stay in the store.</summary>
    private static JobState Forget(JobState state, int stage)
    {
        IReadOnlyList<int> old = StretchMemory.Forgettable(
            [.. state.Stretches.Values.Select(s => (s.Plan, InUse: s.OnPath || !s.Observed || s.Pieces.Any(state.Open.Contains)))], stage);
        return old.Count == 0 ? state : state with
        {
            Segments = state.Segments.RemoveRange(old.SelectMany(number => state.Stretches[number].Pieces)),
            Stretches = state.Stretches.RemoveRange(old),
        };
    }

    private static ForecastResult? ToResult(Forecast? forecast) => forecast is null ? null : new ForecastResult(forecast.Mean, forecast.Deviation);

    /// <summary>Moves a stretch, and the steps it made, between the purses of training and search.</summary>
    private static JobState Move(JobState state, int number, bool onPath)
    {
        StretchRecord stretch = state.Stretches[number];
        if (stretch.OnPath == onPath)
        {
            return state;
        }

        long made = onPath ? stretch.Made : -stretch.Made;
        return state with
        {
            Stretches = state.Stretches.SetItem(number, stretch with { OnPath = onPath }),
            Steps = state.Steps with { Training = state.Steps.Training + made, Search = state.Steps.Search - made },
            PathSteps = onPath && stretch.Made > 0 ? Math.Max(state.PathSteps, stretch.Plan.Start + stretch.Made) : state.PathSteps,
        };
    }

    private JobState Observed(JobState state, Observation observation)
    {
        if (state.Order.Next != observation.Stretch)
        {
            throw new InvalidOperationException($"Stretch {observation.Stretch} is not the next to be observed.");
        }

        StretchRecord stretch = state.Stretches[observation.Stretch];
        return state with
        {
            Order = state.Order.Deliver(),
            Search = Search.Apply(state.Search!, new Observed(observation)),
            Stretches = state.Stretches.SetItem(observation.Stretch, stretch with { Observed = true }),
            SettledSteps = state.SettledSteps + stretch.Made,
            SettledSamples = state.SettledSamples + stretch.Samples,
        };
    }

    private JobState Finished(JobState state, SegmentFinished finished)
    {
        SegmentRecord segment = state.Segments[finished.Segment];
        bool brought = finished.Outcome != SegmentState.Failed;
        PastLease? givenUp = brought ? segment.Past?.GetValueOrDefault(finished.Lease) : null;
        SegmentRecord done = segment with
        {
            State = finished.Outcome,
            Checkpoint = finished.Checkpoint ?? segment.Checkpoint,
            Lease = finished.Lease,
            Past = brought ? Nothing(segment.Past?.Remove(finished.Lease)) : segment.Past,
            Worker = finished.Worker,
            Failure = finished.Failure?.Message,
            Seconds = finished.TrainerSeconds,
            Samples = segment.Recompute ? segment.Samples : finished.Samples,
            Goal = segment.Recompute ? segment.Goal : finished.Goal,
            Metrics = finished.Metrics?.ToImmutableSortedDictionary(),
            Recompute = false,
            Losses = 0,
        };
        state = state.With(done) with
        {
            TrainerSeconds = state.TrainerSeconds + finished.TrainerSeconds,
            Steps = state.Steps with { Lost = state.Steps.Lost - (givenUp?.Lost ?? 0) + (segment.Recompute ? finished.Steps : 0) },
        };
        state = segment switch
        {
            { Recompute: true } => state,
            { Stretch: < 0 } => Evaluated(state, finished),
            _ => Made(state, done, finished),
        };
        return finished.Outcome == SegmentState.Succeeded ? OpenChildren(state, done) : CancelDescendants(state, done.Number);
    }

    private JobState Evaluated(JobState state, SegmentFinished finished)
    {
        long samples = state.FinalSamples + finished.Samples;
        return state with
        {
            FinalSamples = samples,
            Steps = state.Steps with { Final = Evaluations.Steps(Spec, state.Placement!, samples) },
            Metrics = state.Metrics.SetItems(finished.Metrics ?? new Dictionary<string, double>()),
        };
    }

    /// <summary>Counts what a segment made in the purse of its stretch, and ends the stretch with its last one.</summary>
    private JobState Made(JobState state, SegmentRecord done, SegmentFinished finished)
    {
        StretchRecord stretch = state.Stretches[done.Stretch];
        StretchOutcome? outcome = finished.Outcome switch
        {
            SegmentState.Diverged => StretchOutcome.Diverged,
            SegmentState.Succeeded when stretch.Pieces[^1] == done.Number => StretchOutcome.Succeeded,
            _ => stretch.Outcome,
        };
        long samples = finished.Samples;
        if (finished.Outcome == SegmentState.Diverged)
        {
            // A trainer whose segment diverges reports no validations: those before a stop must not count either,
            // or the purse would tell that there was one.
            for (SegmentRecord part = done; part.Rest; part = state.Segments[part.Parent!.Value])
            {
                samples -= state.Segments[part.Parent!.Value].Samples;
            }
        }

        StepCounts steps = stretch.OnPath
            ? state.Steps with { Training = state.Steps.Training + finished.Steps }
            : state.Steps with { Search = state.Steps.Search + finished.Steps };
        return state with
        {
            Stretches = state.Stretches.SetItem(
                done.Stretch, stretch with { Made = stretch.Made + finished.Steps, Samples = stretch.Samples + samples, Outcome = outcome }),
            EvaluationSamples = state.EvaluationSamples + samples,
            Steps = steps with { Evaluation = Evaluations.Steps(Spec, state.Placement!, state.EvaluationSamples + samples) },
            PathSteps = stretch.OnPath ? Math.Max(state.PathSteps, done.Start + finished.Steps) : state.PathSteps,
            Loss = stretch.OnPath ? finished.Loss ?? state.Loss : state.Loss,
        };
    }

    private static JobState OpenChildren(JobState state, SegmentRecord parent)
    {
        SegmentState to = state.Status == JobStatus.Paused ? SegmentState.Held : SegmentState.Planned;
        return state.With(state.Open.Select(number => state.Segments[number])
            .Where(segment => segment.State == SegmentState.Waiting && segment.Parent == parent.Number)
            .Select(segment => segment with { State = to }));
    }

    /// <summary>What was to start from a segment that diverged or failed never runs, and is observed as cancelled.</summary>
    private static JobState CancelDescendants(JobState state, int number)
    {
        SegmentRecord[] gone = [.. state.Descendants(number)];
        state = state.With(gone.Select(segment => segment with { State = SegmentState.Cancelled }));
        foreach (int stretch in gone.Select(segment => segment.Stretch).Where(stretch => stretch >= 0).Distinct())
        {
            if (state.Stretches[stretch] is { Outcome: null } cancelled)
            {
                state = state with { Stretches = state.Stretches.SetItem(stretch, cancelled with { Outcome = StretchOutcome.Cancelled }) };
            }
        }

        return state;
    }

    private JobState Split(JobState state, SegmentSplit split)
    {
        SegmentRecord whole = state.Segments[split.Segment];
        StretchRecord stretch = state.Stretches[whole.Stretch];
        return state.With(SegmentPlanner.Split(Spec, state, whole, split)) with
        {
            NextSegment = Math.Max(state.NextSegment, split.Remainder + 1),
            Stretches = state.Stretches.SetItem(whole.Stretch, stretch with
            {
                Pieces = stretch.Pieces.Insert(stretch.Pieces.IndexOf(whole.Number) + 1, split.Remainder),
            }),
        };
    }

    private static JobState Retried(JobState state, SegmentRetried retried)
    {
        state = Past(state, retried.Segment, retried.Lease, retried.LostSteps, answered: retried.Cause is not ("lost" or "drained"));
        SegmentRecord segment = state.Segments[retried.Segment];
        return state.With(segment with
        {
            Failures = segment.Failures + (retried.Cause == "failed" ? 1 : 0),
            Losses = retried.Cause switch { "lost" => segment.Losses + 1, "failed" => 0, _ => segment.Losses },
            Failure = retried.Message,
            Worker = retried.Worker,
        });
    }

    /// <summary>A lease is over and its steps were for nothing: counted once, however often it is told.</summary>
    private static JobState Past(JobState state, int number, string lease, long lost, bool answered)
    {
        SegmentRecord segment = state.Segments[number];
        ImmutableSortedDictionary<string, PastLease> past = Past(segment);
        long counted = past.GetValueOrDefault(lease)?.Lost ?? 0;
        return state.With(segment with { Past = past.SetItem(lease, new PastLease(lost, answered)) }) with
        {
            Steps = state.Steps with { Lost = state.Steps.Lost + lost - counted },
        };
    }

    private static ImmutableSortedDictionary<string, PastLease> Past(SegmentRecord segment) =>
        segment.Past ?? ImmutableSortedDictionary<string, PastLease>.Empty;

    private static ImmutableSortedDictionary<string, PastLease>? Nothing(ImmutableSortedDictionary<string, PastLease>? past) =>
        past is { IsEmpty: true } ? null : past;

    private static JobState Lost(JobState state, CheckpointLost lost)
    {
        SegmentRecord segment = state.Segments[lost.Segment];
        bool ready = segment.Parent is null || state.Segments[segment.Parent.Value].State == SegmentState.Succeeded;
        SegmentRecord again = segment with
        {
            State = !ready ? SegmentState.Waiting : state.Status == JobStatus.Paused ? SegmentState.Held : SegmentState.Planned,
            Recompute = true,
            Output = true,
            Failures = 0,
            Losses = 0,
            Past = Past(segment).SetItem(segment.Lease!, new PastLease(0, Answered: true)),
            Failure = lost.Message,
        };
        return state.With([
            again,
            .. state.Open.Select(number => state.Segments[number])
                .Where(s => s.Parent == segment.Number && s.State is SegmentState.Planned or SegmentState.Held)
                .Select(s => s with { State = SegmentState.Waiting }),
        ]);
    }

    private JobState Final(JobState state, FinalPlanned final)
    {
        // A checkpoint that is being made again is still wanted when the model needs it.
        var wanted = new HashSet<int>();
        for (int? at = final.Parent; at is { } number && state.Open.Contains(number); at = state.Segments[number].Parent)
        {
            wanted.Add(number);
        }

        state = CancelOpen(state, wanted);
        state = state.Stretches.Values
            .Where(s => s is { OnPath: true, Outcome: StretchOutcome.Diverged or StretchOutcome.Cancelled })
            .Aggregate(state, (now, stretch) => Move(now, stretch.Plan.Number, onPath: false));
        ImmutableArray<SegmentRecord> pieces = SegmentPlanner.Final(Spec, state, final.Parent, final.Step);
        return state.With(pieces) with
        {
            FinalStep = final.Step,
            PathSteps = Math.Min(state.PathSteps, final.Step),
            FinalParent = final.Parent,
            FinalPieces = [.. pieces.Select(piece => piece.Number)],
            NextSegment = state.NextSegment + pieces.Length,
        };
    }
}
