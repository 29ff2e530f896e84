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

            try
            {
                await AdvanceAsync(batch);
            }
            catch (Exception e) when (IsDefect(e))
            {
                batch = Broken(taken, e);
            }

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

    /// <summary>
    /// What decides is a function of what is stored: where it throws, it would throw for ever. Anything else may pass.
    /// </summary>
    private static bool IsDefect(Exception e) =>
        e is InvalidOperationException and not ObjectDisposedException or KeyNotFoundException or ArgumentException or ArithmeticException
            or IndexOutOfRangeException or NullReferenceException or InvalidCastException or System.Text.Json.JsonException;

    /// <summary>
    /// The job ends as failed, with what its workers told kept, rather than refusing their results for ever: they would hold
    /// their slots, and other jobs would wait.
    /// </summary>
    private JobBatch Broken(Message[] taken, Exception e)
    {
        LogBroken(logger, Id, e);
        var batch = new JobBatch(_transitions!, _state);
        foreach (Message message in taken)
        {
            message.Apply(batch);
        }

        if (!batch.State.Ended)
        {
            batch.Add(new JobEnded(JobStatus.Failed, null, new JobError(
                "internal", $"A defect of the orchestrator ended this job: {e.GetType().Name}: {e.Message} Its events are kept; please report them with the log of the silo."), Wall()));
        }

        return batch;
    }

    /// <summary>Nothing of the batch was taken: whoever waits is told, and repeats.</summary>
    private void Fail(Message[] taken, Exception e)
    {
        _mustDecide = true;
        if (e is StoreFullException)
        {
            Hold(new JobError("no_space", e.Message));
        }
        else
        {
            LogPumpFailed(logger, Id, e);
            End();
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

        while (!batch.State.Ended && !batch.State.SearchOver)
        {
            if (_mustDecide)
            {
                _mustDecide = false;
                await DecideAsync(batch);
                continue;
            }

            if (JobCourse.Due(batch.State) is not { } stretch)
            {
                break;
            }

            StretchResult result = await StretchResultAsync(batch, stretch);
            batch.Add(new StretchObserved(_transitions!.Search.Digest(batch.State.Search!, result)));
            _mustDecide = true;
        }

        foreach (JobEvent e in JobCourse.Close(batch.State, _transitions!.Spec, Wall()))
        {
            batch.Add(e);
        }
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
            batch.Add(new JobPlaced(placement, Wall()));
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
        foreach (JobEvent e in JobCourse.Decided(batch.State, _transitions.Spec, decisions, Wall()))
        {
            batch.Add(e);
        }
    }

    /// <summary>A job with a duration looks at the clock again when it will have run out.</summary>
    private void WatchDeadline()
    {
        if (_transitions!.Spec.Budget.MaxDuration is null || _deadline is not null || _state.Ended || _state.Status != JobStatus.Running)
        {
            return;
        }

        // A day at most, after which it looks again: timers do not reach further than some weeks.
        TimeSpan due = JobCourse.TimeLeft(_state, _transitions.Spec, Wall());
        due = due < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : due > TimeSpan.FromDays(1) ? TimeSpan.FromDays(1) : due;
        _deadline = this.RegisterGrainTimer(
            async _ =>
            {
                _deadline?.Dispose();
                _deadline = null;
                await WakeAsync();
                WatchDeadline();
            },
            new GrainTimerCreationOptions(due, Timeout.InfiniteTimeSpan) { Interleave = true, KeepAlive = true });
    }

    private double Wall() => (clock.GetUtcNow() - _header!.Created).TotalSeconds;

    /// <summary>What a stretch brought, from this batch or the store.</summary>
    private async Task<StretchResult> StretchResultAsync(JobBatch batch, StretchRecord stretch)
    {
        int[] stored = stretch.Outcome == StretchOutcome.Succeeded ? [.. stretch.Pieces.Where(piece => batch.Result(piece) is null)] : [];
        Dictionary<int, string> series = stored.Length == 0 ? [] : (await store.SeriesAsync(Id, stored)).ToDictionary(s => s.Segment, s => s.Csv);
        var results = new Dictionary<int, string?>();
        foreach (int piece in stored)
        {
            results[piece] = (await store.SegmentAsync(Id, piece))?.Result;
        }

        return StretchResults.Of(
            _transitions!.Spec.Objective,
            stretch,
            piece => batch.Series(piece) ?? series.GetValueOrDefault(piece),
            piece => batch.Result(piece) ?? results.GetValueOrDefault(piece));
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

        int[] ended = [.. batch.NewlyEnded()];
        if (ended.Length > 0)
        {
            await Pool.StopAsync(Id, ended, _state.Ended ? StopReason.Cancelled : StopReason.Superseded);
        }

        int[] waiting = [.. batch.NewlyWaiting()];
        if (waiting.Length > 0)
        {
            await Pool.StopAsync(Id, waiting, null);
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
            if (steps != 0)
            {
                metrics.StepsAdded(purse, steps);
            }
        }

        foreach (SegmentState ended in batch.EndedSegments)
        {
            metrics.SegmentEnded(ended.ToString().ToLowerInvariant());
        }

        if (batch.Before.PathSteps != _state.PathSteps && !_state.Ended)
        {
            metrics.LiveValues(Id, _state.Loss, JobViews.Rate(_state));
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

    [LoggerMessage(2, LogLevel.Error, "Job {Job}: a defect ended it.")]
    private static partial void LogBroken(ILogger logger, string job, Exception e);

    [LoggerMessage(1, LogLevel.Error, "Job {Job}: a batch was not stored; the job is read again.")]
    private static partial void LogPumpFailed(ILogger logger, string job, Exception e);
}
