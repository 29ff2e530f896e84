using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Optimization;
using Orchestrator.Grains.Pools;
using Orchestrator.Grains.Storage;
using Orleans;

namespace Orchestrator.Grains.Jobs;

/// <content>The pump: take what waits, observe, decide, commit, tell.</content>
public sealed partial class JobGrain
{
    private Task EnqueueAsync(Action<JobBatch> apply)
    {
        var message = new Message(apply, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        _inbox.Add(message);
        if (!_pumping)
        {
            _pumping = true;
            PumpAsync().Ignore();
        }

        return message.Done.Task;
    }

    private async Task PumpAsync()
    {
        try
        {
            while (_inbox.Count > 0)
            {
                Message[] taken = [.. _inbox.Take(BatchSize)];
                _inbox.RemoveRange(0, taken.Length);
                await BatchAsync(taken);
            }
        }
        finally
        {
            _pumping = false;
        }
    }

    private async Task BatchAsync(Message[] taken)
    {
        try
        {
            var batch = new JobBatch(_transitions!, _state);
            foreach (Message message in taken)
            {
                message.Apply(batch);
            }

            await AdvanceAsync(batch);
            if (batch.Events.Count > 0)
            {
                await CommitAsync(batch);
                await TellAsync(batch);
            }

            foreach (Message message in taken)
            {
                message.Done.TrySetResult();
            }
        }
        catch (Exception e)
        {
            Fail(taken, e);
        }
    }

    /// <summary>Nothing of the batch was taken: whoever waits is told, and repeats.</summary>
    private void Fail(Message[] taken, Exception e)
    {
        _mustDecide = true;
        if (e is StoreFullException)
        {
            _held = new JobError("no_space", e.Message);
            _pulses.Ring();
            RetryLater();
        }
        else
        {
            LogPumpFailed(logger, Id, e);
            DeactivateOnIdle();
        }

        foreach (Message message in taken)
        {
            message.Done.TrySetException(e);
        }
    }

    /// <summary>Places the job if it is not, delivers what is due, decides, and ends it when there is nothing left.</summary>
    private async Task AdvanceAsync(JobBatch batch)
    {
        if (batch.State.Ended || !await PlaceAsync(batch))
        {
            return;
        }

        // Before the search sees it: a segment that failed for good is no diverged one.
        if (Failure(batch) is { } error)
        {
            batch.Add(new JobEnded(JobStatus.Failed, null, error, Wall()));
            return;
        }

        while (!batch.State.Ended && !batch.State.SearchOver)
        {
            if (_mustDecide)
            {
                _mustDecide = false;
                await DecideAsync(batch);
                continue;
            }

            if (batch.State.Order.Next is not { } next || batch.State.Stretches[next].Outcome is null)
            {
                break;
            }

            StretchResult result = await StretchResultAsync(batch, batch.State.Stretches[next]);
            batch.Add(new StretchObserved(_transitions!.Search.Digest(batch.State.Search!, result)));
            _mustDecide = true;
        }

        EndIfDone(batch);
    }

    private async Task<bool> PlaceAsync(JobBatch batch)
    {
        if (batch.State.Placement is not null)
        {
            return true;
        }

        JobSpec spec = _transitions!.Spec;
        string? dataset = spec.Settings["dataset"]?.GetValueKind() == JsonValueKind.String ? spec.Settings["dataset"]!.GetValue<string>() : null;
        PlacementReply reply = await Pool.PlaceAsync(new PlacementRequest(spec.Trainer, dataset, spec.Objective.Metric, spec.Resources));
        if (reply.Placement is { } placement)
        {
            batch.Add(new JobPlaced(placement));
            return true;
        }

        if (batch.State.Reason?.Message != reply.Reason)
        {
            batch.Add(new JobUnschedulable(reply.Reason!));
        }

        return false;
    }

    private async Task DecideAsync(JobBatch batch)
    {
        ISearch search = _transitions!.Search;
        SearchState state = batch.State.Search!;
        long began = clock.GetTimestamp();
        IReadOnlyList<SearchDecision> decisions = search.IsCostly(state)
            ? await GrainFactory.GetGrain<IBayesianOptimizationGrain>(0).DecideAsync(_header!.Spec, search.Save(state))
            : search.Decide(state);
        if (decisions.Count == 0)
        {
            return;
        }

        metrics.DecisionMade(clock.GetElapsedTime(began).TotalSeconds);
        long from = batch.State.Sequence;
        long wanted = decisions.OfType<PlanStretch>().Sum(plan => plan.Stretch.Steps);
        long open = batch.State.Segments.Values.Where(s => s.Open).Sum(s => s.Steps);
        if (_transitions.Spec.Budget.MaxSteps is { } most && wanted > 0 && batch.State.Steps.Charged + open + wanted > most)
        {
            batch.Add(new BudgetReached($"{batch.State.Steps.Charged + open} steps are spent or under way, and the next {wanted} would exceed the budget of {most}."));
            return;
        }

        foreach (SearchDecision decision in decisions)
        {
            batch.Add(new SearchDecided(decision, from));
            switch (decision)
            {
                case FailSearch failed:
                    batch.Add(new JobEnded(JobStatus.Failed, null, new JobError(failed.Code, failed.Reason), Wall()));
                    return;
                case CompleteSearch complete:
                    batch.Add(new FinalPlanned(batch.State.Stretches[complete.Stretch].Pieces[^1], _transitions.Spec.Steps));
                    return;
                default:
                    break;
            }
        }
    }

    private void EndIfDone(JobBatch batch)
    {
        JobState state = batch.State;
        if (state.Ended)
        {
            return;
        }

        if (Failure(batch) is { } error)
        {
            batch.Add(new JobEnded(JobStatus.Failed, null, error, Wall()));
            return;
        }

        if (state.FinalStep is null)
        {
            bool outOfTime = TimeLeft(state) <= TimeSpan.Zero;
            if (outOfTime && state.EndedBy is null)
            {
                batch.Add(new BudgetReached($"The job has run for the {_transitions!.Spec.Budget.MaxDuration} it was given."));
            }

            if (batch.State.EndedBy == "budget" && (outOfTime || !state.Segments.Values.Any(s => s.Open)))
            {
                (int? segment, long step) = JobMachine.PathEnd(state);
                batch.Add(new FinalPlanned(segment, step));
            }

            return;
        }

        if (state.Segments.Values.Where(s => s.FinalSplit is not null).All(s => s.State == SegmentState.Succeeded))
        {
            batch.Add(new JobEnded(JobStatus.Succeeded, state.EndedBy, null, Wall()));
        }
    }

    private static JobError? Failure(JobBatch batch)
    {
        if (batch.Events.Any(e => e.Type == "nondeterminism_found") && batch.State.Placement!.Bitwise)
        {
            StoredEvent found = batch.Events.First(e => e.Type == "nondeterminism_found");
            return new JobError("nondeterminism_found", $"A recomputed checkpoint has other bytes than the first, although the class {batch.State.Placement.Class} promises the same: {found.Payload}");
        }

        SegmentRecord? failed = batch.State.Segments.Values.FirstOrDefault(s => s.State == SegmentState.Failed);
        if (failed is not null)
        {
            return new JobError("segment_failed", $"Segment {failed.Number} (steps {failed.Start} to {failed.Start + failed.Steps}) failed for good: {failed.Failure}");
        }

        bool undone = batch.State.Segments.Values.Any(s => s.FinalSplit is not null && s.State == SegmentState.Diverged);
        return undone ? new JobError("diverged", "The final model's losses are not finite.") : null;
    }

    /// <summary>What is left of the job's duration, paused time excluded; endless where it has no bound.</summary>
    private TimeSpan TimeLeft(JobState state)
    {
        if (_transitions!.Spec.Budget.MaxDuration is not { } most)
        {
            return TimeSpan.MaxValue;
        }

        double paused = state.PausedSeconds + (state.PausedAt is { } at ? Wall() - at : 0);
        return most - TimeSpan.FromSeconds(Wall() - paused);
    }

    /// <summary>A job with a duration looks at the clock again when it will have run out.</summary>
    private void WatchDeadline()
    {
        if (_transitions!.Spec.Budget.MaxDuration is null || _deadline is not null || _state.Ended || _state.Status != JobStatus.Running)
        {
            return;
        }

        TimeSpan due = TimeLeft(_state);
        _deadline = this.RegisterGrainTimer(
            async _ =>
            {
                _deadline?.Dispose();
                _deadline = null;
                await WakeAsync();
                WatchDeadline();
            },
            new GrainTimerCreationOptions(due > TimeSpan.FromSeconds(1) ? due : TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan) { Interleave = true, KeepAlive = true });
    }

    private double Wall() => (clock.GetUtcNow() - _header!.Created).TotalSeconds;

    /// <summary>All that is known of a stretch: series and validations of its pieces, from this batch or the store.</summary>
    private async Task<StretchResult> StretchResultAsync(JobBatch batch, StretchRecord stretch)
    {
        var losses = new List<double>();
        var validations = new List<ValidationPoint>();
        int[] stored = [.. stretch.Pieces.Where(piece => batch.Result(piece) is null)];
        Dictionary<int, string> series = stored.Length == 0
            ? []
            : (await store.SeriesAsync(Id, stored)).ToDictionary(s => s.Segment, s => s.Csv);
        foreach (int piece in stretch.Pieces)
        {
            string? csv = batch.Series(piece) ?? series.GetValueOrDefault(piece);
            if (csv is not null)
            {
                losses.AddRange(SeriesCsv.Parse(System.Text.Encoding.UTF8.GetBytes(csv)).Select(point => point.Loss ?? double.NaN));
            }

            string? result = batch.Result(piece) ?? (await store.SegmentAsync(Id, piece))?.Result;
            if (result is not null)
            {
                foreach (ValidationResult validation in JsonSerializer.Deserialize<SegmentResult>(result, WireJson.Options)!.Validations)
                {
                    double loss = validation.Metrics.TryGetValue("probe_loss", out double probe) ? probe
                        : validation.Metrics.TryGetValue("validation_loss", out double full) ? full : double.NaN;
                    validations.Add(new ValidationPoint(validation.Step, loss));
                }
            }
        }

        return new StretchResult(stretch.Plan.Number, stretch.Outcome!.Value, losses, validations);
    }

    private async Task CommitAsync(JobBatch batch)
    {
        JobSpec spec = _transitions!.Spec;
        JobState state = batch.State;
        bool ended = state.Ended;
        StoredJob header = _header! with
        {
            Status = state.Status,
            Sequence = state.Sequence,
            View = JsonSerializer.Serialize(JobViews.Job(Id, spec, state, Wall()), WireJson.Options),
            Result = ended ? JsonSerializer.Serialize(JobViews.Result(Id, spec, state), WireJson.Options) : null,
        };
        StoredSnapshot? snapshot = state.Sequence - _snapshotAt >= SnapshotEvery || ended
            ? new StoredSnapshot(state.Sequence, JobSnapshot.Save(state, _transitions.Search))
            : null;
        await store.CommitAsync(batch.ToCommit(header, snapshot));
        _snapshotAt = snapshot?.Sequence ?? _snapshotAt;
        (_header, _state) = (header, state);
        _held = null;
        WatchDeadline();
    }

    /// <summary>After a commit: the pool, the meters, and whoever watches.</summary>
    private async Task TellAsync(JobBatch batch)
    {
        foreach (string bad in batch.BadBlobs)
        {
            await blobs.DeleteAsync(bad);
        }

        int[] cancelled = [.. batch.NewlyCancelled()];
        if (cancelled.Length > 0)
        {
            await Pool.StopAsync(Id, cancelled, _state.Ended ? StopReason.Cancelled : StopReason.Superseded);
        }

        if (batch.Paused)
        {
            await Pool.StopAsync(Id, null, StopReason.Paused);
        }

        QueuedSegment[] offers =
        [
            .. batch.NewlyPlanned().Select(segment => new QueuedSegment(
                Id,
                segment.Number,
                _transitions!.Spec.Resources.Priority,
                JsonSerializer.Serialize(SegmentPlanner.Work(Id, _transitions.Spec, _state, segment), WireJson.Options),
                segment.Failures > 0 ? segment.Worker : null)),
        ];
        if (offers.Length > 0)
        {
            await Pool.OfferAsync(offers);
        }

        Count(batch);
        _pulses.Ring();
    }

    private void Count(JobBatch batch)
    {
        StepCounts before = batch.Before.Steps;
        StepCounts after = _state.Steps;
        foreach ((string purse, long steps) in ((string, long)[])
            [("training", after.Training - before.Training), ("search", after.Search - before.Search),
             ("evaluation", after.Evaluation - before.Evaluation), ("final", after.Final - before.Final), ("lost", after.Lost - before.Lost)])
        {
            if (steps > 0)
            {
                metrics.StepsAdded(purse, steps);
            }
        }

        foreach (SegmentState ended in batch.EndedSegments)
        {
            metrics.SegmentEnded(ended.ToString().ToLowerInvariant());
        }

        if (batch.Before.Status != _state.Status)
        {
            metrics.JobStatusChanged(batch.Before.Status, _state.Status);
        }

        if (_state.Ended)
        {
            metrics.JobGone(Id);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Job {Job}: a batch was not stored; the job is read again.")]
    private static partial void LogPumpFailed(ILogger logger, string job, Exception e);
}
