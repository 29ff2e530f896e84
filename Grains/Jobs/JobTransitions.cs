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
            JobPlaced placed => state with { Placement = placed.Placement, Status = JobStatus.Running, Reason = null },
            SearchDecided decided => Decided(state, decided.Decision),
            StretchObserved observed => Observed(state, observed.Observation),
            SegmentFinished finished => Finished(state, finished),
            SegmentSplit split => Split(state, split),
            SegmentRetried retried => Retried(state, retried),
            DuplicateCounted duplicate => state with { Steps = state.Steps with { Lost = state.Steps.Lost + duplicate.Steps } },
            CheckpointLost lost => Lost(state, lost),
            NondeterminismFound => state,
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

    private static JobState Release(JobState state, SegmentState from, SegmentState to) => state with
    {
        Segments = state.Segments.SetItems(state.Segments.Values.Where(s => s.State == from)
            .Select(s => KeyValuePair.Create(s.Number, s with { State = to }))),
    };

    private static JobState Ended(JobState state, JobEnded ended) => state with
    {
        Status = ended.Status,
        Reason = ended.Error,
        EndedBy = ended.EndedBy,
        WallSeconds = ended.WallSeconds,
        Segments = CancelOpen(state.Segments),
    };

    private static ImmutableSortedDictionary<int, SegmentRecord> CancelOpen(ImmutableSortedDictionary<int, SegmentRecord> segments) =>
        segments.SetItems(segments.Values.Where(s => s.Open)
            .Select(s => KeyValuePair.Create(s.Number, s with { State = SegmentState.Cancelled })));

    private JobState Decided(JobState state, SearchDecision decision)
    {
        state = state with { Search = Search.Apply(state.Search!, new Decided(decision)), Decided = true };
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
        return state with
        {
            Order = state.Order.Plan(stretch.Number, stretch.Parent, stretch.Steps),
            Stretches = state.Stretches.Add(stretch.Number, new StretchRecord(
                stretch, [.. pieces.Select(piece => piece.Number)], stretch.Role == StretchRole.Path, false, null, 0)),
            NextSegment = state.NextSegment + pieces.Length,
            Segments = state.Segments.AddRange(pieces.Select(piece => KeyValuePair.Create(piece.Number, piece))),
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
            Stages = [.. state.Stages.Where(known => known.Index != choice.Stage), stage],
            Schedule = [.. state.Schedule.Where(run => run.Start < choice.Start), .. runs],
        };
        state = choice.Taken.Aggregate(state, (now, stretch) => Move(now, stretch, onPath: true));
        state = choice.Dropped.Aggregate(state, (now, stretch) => Move(now, stretch, onPath: false));
        return Forget(state, choice.Stage - 2);
    }

    /// <summary>
    /// Candidates of stages so old that nothing can start from them any more leave the memory, so that the state grows
    /// with the path alone; an ancestor of what is kept is kept. Their rows stay in the store.
    /// </summary>
    private static JobState Forget(JobState state, int stage)
    {
        bool IsOld(StretchRecord s) => s is { OnPath: false, Observed: true } && s.Plan.Stage <= stage;
        var needed = new HashSet<int>();
        foreach (StretchRecord kept in state.Stretches.Values.Where(s => !IsOld(s)))
        {
            for (int? parent = kept.Plan.Parent; parent is { } number && needed.Add(number);)
            {
                parent = state.Stretches[number].Plan.Parent;
            }
        }

        StretchRecord[] old = [.. state.Stretches.Values.Where(s => IsOld(s) && !needed.Contains(s.Plan.Number))];
        var forgotten = state.Forgotten;
        foreach (SegmentRecord segment in old.SelectMany(stretch => stretch.Pieces).Select(piece => state.Segments[piece]))
        {
            forgotten = forgotten.SetItem(segment.State, forgotten.GetValueOrDefault(segment.State) + 1);
        }

        return old.Length == 0 ? state : state with
        {
            Stretches = state.Stretches.RemoveRange(old.Select(stretch => stretch.Plan.Number)),
            Segments = state.Segments.RemoveRange(old.SelectMany(stretch => stretch.Pieces)),
            Forgotten = forgotten,
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

        return state with
        {
            Order = state.Order.Deliver(),
            Search = Search.Apply(state.Search!, new Observed(observation)),
            Stretches = state.Stretches.SetItem(observation.Stretch, state.Stretches[observation.Stretch] with { Observed = true }),
            Decided = false,
        };
    }

    private static JobState Finished(JobState state, SegmentFinished finished)
    {
        SegmentRecord segment = state.Segments[finished.Segment];
        bool again = segment.Recompute;
        SegmentRecord done = segment with
        {
            State = finished.Outcome,
            Checkpoint = finished.Checkpoint ?? segment.Checkpoint,
            Lease = finished.Lease,
            Worker = finished.Worker,
            Failure = finished.Failure?.Message,
            Seconds = finished.TrainerSeconds,
            Metrics = finished.Metrics?.ToImmutableSortedDictionary(),
            Recompute = false,
            Losses = 0,
        };
        state = state with
        {
            Segments = state.Segments.SetItem(done.Number, done),
            TrainerSeconds = state.TrainerSeconds + finished.TrainerSeconds,
        };
        if (again)
        {
            state = state with { Steps = state.Steps with { Lost = state.Steps.Lost + finished.Steps } };
            return OpenChildren(state, done);
        }

        if (segment.Stretch < 0)
        {
            return state with
            {
                Final = state.Final + finished.Evaluation,
                Steps = state.Steps with { Final = (long)Math.Round(state.Final + finished.Evaluation) },
                Metrics = state.Metrics.SetItems(finished.Metrics ?? new Dictionary<string, double>()),
            };
        }

        StretchRecord stretch = state.Stretches[segment.Stretch];
        bool last = stretch.Pieces[^1] == segment.Number;
        StretchOutcome? outcome = finished.Outcome switch
        {
            SegmentState.Diverged => StretchOutcome.Diverged,
            SegmentState.Succeeded when last => StretchOutcome.Succeeded,
            _ => stretch.Outcome,
        };
        state = state with
        {
            Stretches = state.Stretches.SetItem(segment.Stretch, stretch with { Made = stretch.Made + finished.Steps, Outcome = outcome }),
            Evaluation = state.Evaluation + finished.Evaluation,
            Steps = (stretch.OnPath
                ? state.Steps with { Training = state.Steps.Training + finished.Steps }
                : state.Steps with { Search = state.Steps.Search + finished.Steps })
                with
            { Evaluation = (long)Math.Round(state.Evaluation + finished.Evaluation) },
            PathSteps = stretch.OnPath ? Math.Max(state.PathSteps, segment.Start + finished.Steps) : state.PathSteps,
            Loss = stretch.OnPath ? finished.Loss ?? state.Loss : state.Loss,
        };
        return finished.Outcome == SegmentState.Succeeded ? OpenChildren(state, done) : CancelDescendants(state, done.Number);
    }

    private static JobState OpenChildren(JobState state, SegmentRecord parent)
    {
        SegmentState to = state.Status == JobStatus.Paused ? SegmentState.Held : SegmentState.Planned;
        return state with
        {
            Segments = state.Segments.SetItems(state.Segments.Values
                .Where(s => s.State == SegmentState.Waiting && s.Parent == parent.Number)
                .Select(s => KeyValuePair.Create(s.Number, s with { State = to }))),
        };
    }

    /// <summary>What was to start from a segment that diverged or failed never runs, and is observed as cancelled.</summary>
    private static JobState CancelDescendants(JobState state, int number)
    {
        var gone = new HashSet<int> { number };
        foreach (SegmentRecord segment in state.Segments.Values.Where(s => s.Number > number && s.Open && s.Parent is { } parent && gone.Contains(parent)))
        {
            gone.Add(segment.Number);
            state = state with { Segments = state.Segments.SetItem(segment.Number, segment with { State = SegmentState.Cancelled }) };
            StretchRecord? stretch = segment.Stretch < 0 ? null : state.Stretches[segment.Stretch];
            if (stretch is { Outcome: null })
            {
                state = state with { Stretches = state.Stretches.SetItem(segment.Stretch, stretch with { Outcome = StretchOutcome.Cancelled }) };
            }
        }

        return state;
    }

    private JobState Split(JobState state, SegmentSplit split)
    {
        SegmentRecord whole = state.Segments[split.Segment];
        StretchRecord stretch = state.Stretches[whole.Stretch];
        ImmutableArray<SegmentRecord> changed = SegmentPlanner.Split(Spec, state, whole, split.Steps, split.Remainder);
        return state with
        {
            NextSegment = Math.Max(state.NextSegment, split.Remainder + 1),
            Segments = state.Segments.SetItems(changed.Select(s => KeyValuePair.Create(s.Number, s))),
            Stretches = state.Stretches.SetItem(whole.Stretch, stretch with
            {
                Pieces = stretch.Pieces.Insert(stretch.Pieces.IndexOf(whole.Number) + 1, split.Remainder),
            }),
        };
    }

    private static JobState Retried(JobState state, SegmentRetried retried)
    {
        SegmentRecord segment = state.Segments[retried.Segment];
        return state with
        {
            Segments = state.Segments.SetItem(segment.Number, segment with
            {
                Failures = segment.Failures + (retried.Cause == "failed" ? 1 : 0),
                Losses = retried.Cause == "lost" ? segment.Losses + 1 : segment.Losses,
                Failure = retried.Message,
                Worker = retried.Worker,
            }),
            Steps = state.Steps with { Lost = state.Steps.Lost + retried.LostSteps },
        };
    }

    private static JobState Lost(JobState state, CheckpointLost lost)
    {
        SegmentRecord segment = state.Segments[lost.Segment];
        bool ready = segment.Parent is null || state.Segments[segment.Parent.Value].State == SegmentState.Succeeded;
        SegmentRecord again = segment with
        {
            State = ready ? SegmentState.Planned : SegmentState.Waiting,
            Recompute = true,
            Output = true,
            Failure = lost.Message,
        };
        return state with
        {
            Segments = state.Segments.SetItem(segment.Number, again).SetItems(state.Segments.Values
                .Where(s => s.Parent == segment.Number && (s.State is SegmentState.Planned or SegmentState.Held))
                .Select(s => KeyValuePair.Create(s.Number, s with { State = SegmentState.Waiting }))),
        };
    }

    private JobState Final(JobState state, FinalPlanned final)
    {
        ImmutableArray<SegmentRecord> pieces = SegmentPlanner.Final(Spec, state, final.Parent, final.Step);
        return state with
        {
            FinalStep = final.Step,
            FinalParent = final.Parent,
            NextSegment = state.NextSegment + pieces.Length,
            Segments = CancelOpen(state.Segments).AddRange(pieces.Select(piece => KeyValuePair.Create(piece.Number, piece))),
        };
    }
}
