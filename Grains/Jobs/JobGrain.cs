using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
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
using Orleans.Concurrency;

namespace Orchestrator.Grains.Jobs;

/// <inheritdoc cref="IJobGrain"/>
/// <remarks>
/// Whatever changes the job goes through one pump: it takes all that waits, applies it to the state, lets the search
/// observe and decide, and commits one transaction. A commit that failed leaves the state as it was; one whose outcome
/// is unknown ends this activation, and the next one reads again.
/// </remarks>
[GrainType("job")]
public sealed partial class JobGrain(
    IJobStore store,
    IBlobStore blobs,
    IJobMetrics metrics,
    TimeProvider clock,
    IHostApplicationLifetime host,
    ILogger<JobGrain> logger) : Grain, IJobGrain
{
    private const int BatchSize = 256;
    private const int SnapshotEvery = 1000;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(3);

    /// <summary>Workers repeat a result that found no room every second: so long without one, and there is room.</summary>
    private static readonly TimeSpan HeldFor = TimeSpan.FromSeconds(10);

    private readonly List<Message> _inbox = [];
    private readonly JobPulses _pulses = new(clock, host.ApplicationStopping);
    private StoredJob? _header;
    private JobTransitions? _transitions;
    private JobState _state = new();
    private long _snapshotAt;
    private bool _pumping;
    private bool _mustDecide;
    private JobError? _held;
    private long _heldAt;
    private IGrainTimer? _retry;
    private IGrainTimer? _deadline;

    private string Id => this.GetPrimaryKeyString();

    /// <summary>Why it waits for room on a disk; null = it does not.</summary>
    private JobError? Held => _state.Ended ? null : _held;

    private IPoolGrain Pool => GrainFactory.GetGrain<IPoolGrain>(_transitions!.Spec.Resources.Pool);

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (await store.FindAsync(Id, cancellationToken) is { } header)
        {
            await LoadAsync(header, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _pulses.Close();
        if (_header is not null)
        {
            metrics.JobStatusChanged(_state.Status, null);
            metrics.JobGone(Id);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<SubmitReply> SubmitAsync(JobSubmission submission)
    {
        if (_header is not null)
        {
            bool same = SameFile(_header.Spec, submission.Spec);
            return new SubmitReply(same ? View() : null, Created: false, Conflict: !same);
        }

        using JsonDocument document = JsonDocument.Parse(submission.Spec);
        JobSpec spec = JobSpecReader.Read(document.RootElement).Spec
            ?? throw new ArgumentException("The job file is not valid; the API refuses such files before they come here.", nameof(submission));
        var transitions = new JobTransitions(Id, spec, SearchFactory.Create(spec));
        var batch = new JobBatch(transitions, transitions.Initial);
        batch.Add(new JobSubmitted(submission.Owner, document.RootElement.Clone()));
        var header = new StoredJob
        {
            Id = Id,
            Owner = submission.Owner,
            Name = spec.Name,
            Spec = submission.Spec,
            Status = batch.State.Status,
            Pool = spec.Resources.Pool,
            Sequence = batch.State.Sequence,
            Created = clock.GetUtcNow(),
            View = JsonSerializer.Serialize(JobViews.Job(Id, spec, batch.State, 0), WireJson.Options),
        };
        StoredJob? known = await store.CreateAsync(header, batch.Events[0]);
        await LoadAsync(known ?? header, CancellationToken.None);
        if (known is not null && !SameFile(known.Spec, submission.Spec))
        {
            return new SubmitReply(null, Created: false, Conflict: true);
        }

        await EnqueueAsync(static _ => { });
        return new SubmitReply(View(), Created: known is null, Conflict: false);
    }

    /// <inheritdoc/>
    public Task<JobView?> ViewAsync() => Task.FromResult(_header is null ? null : View());

    /// <inheritdoc/>
    public Task<IReadOnlyList<ScheduleRun>?> ScheduleAsync() => Task.FromResult<IReadOnlyList<ScheduleRun>?>(
        _header is null ? null : ScheduleRuns.Clip(_state.Schedule, _state.FinalStep ?? long.MaxValue));

    /// <inheritdoc/>
    public Task<TrialsResult?> TrialsAsync() => Task.FromResult(_header is null ? null : JobViews.Trials(_transitions!.Spec, _state));

    /// <inheritdoc/>
    public async Task<ControlReply> ControlAsync(JobCommand command, string by)
    {
        if (_header is null)
        {
            return new ControlReply(null, Missing: true);
        }

        string? refusal = null;
        await EnqueueAsync(batch => refusal = Control(batch, command, by));
        return new ControlReply(View(), refusal);
    }

    /// <inheritdoc/>
    public async Task<CompletionReceipt> CompleteAsync(LeasedCompletion completion)
    {
        if (_header is null)
        {
            return new CompletionReceipt(completion.Completion.Token, CompletionVerdict.Superseded, "The job was deleted.");
        }

        CompletionReceipt? receipt = null;
        bool suspect = completion.Completion is { Outcome: CompletionOutcome.Failed, Failure.Kind: "no_parent" };
        (int Segment, string Sha256)? broken = suspect ? await BrokenParentAsync(completion.Segment) : null;
        await EnqueueAsync(batch =>
        {
            receipt = batch.Complete(completion);
            if (broken is { } lost && batch.State.Segments.TryGetValue(lost.Segment, out SegmentRecord? parent)
                && parent is { State: SegmentState.Succeeded } && parent.Checkpoint?.Sha256 == lost.Sha256 && !batch.State.Ended)
            {
                batch.Add(new CheckpointLost(lost.Segment, lost.Sha256, "The stored bytes no longer have their hash; the segment runs again."));
                batch.BadBlobs.Add(lost.Sha256);
            }
        });
        _pulses.Forget(completion.Segment);
        if (completion.Completion.Failure is { WorkerFault: true, Kind: "no_space" } full)
        {
            Hold(new JobError("no_space", $"A worker has no room left: {full.Message} The job goes on by itself when there is room."));
        }

        return receipt!;
    }

    /// <inheritdoc/>
    public async Task LoseAsync(LostLease lost)
    {
        if (_header is not null)
        {
            bool wasLost = false;
            _pulses.Forget(lost.Segment);
            await EnqueueAsync(batch =>
            {
                foreach (JobEvent e in JobMachine.Lose(batch.State, lost))
                {
                    batch.Add(e);
                    wasLost = true;
                }
            });
            if (wasLost)
            {
                metrics.SegmentEnded("lost");
            }
        }
    }

    /// <inheritdoc/>
    public Task ProgressAsync(LiveProgress progress)
    {
        if (_header is not null && _state.Segments.TryGetValue(progress.Segment, out SegmentRecord? segment) && segment.Open)
        {
            JsonElement shown = _pulses.Progress(JobViews.Segment(Id, _state, segment), progress);
            if (segment.Stretch >= 0 && _state.Stretches[segment.Stretch].OnPath)
            {
                metrics.LiveValues(Id, JobPulses.LastOf(shown, "loss"), JobPulses.LastOf(shown, "rate"));
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<JobPulse> WaitAsync(long sequence, long progressMark, CancellationToken ct = default)
    {
        if (_header is null)
        {
            return new JobPulse(0, 0, null, Ended: false, Missing: true);
        }

        if (_state.Sequence <= sequence && _pulses.Mark <= progressMark && !_state.Ended)
        {
            await _pulses.NextAsync(ct);
        }

        return _header is null
            ? new JobPulse(0, 0, null, Ended: false, Missing: true)
            : new JobPulse(_state.Sequence, _pulses.Mark, _pulses.Since(progressMark), _state.Ended, Missing: false, Held);
    }

    /// <inheritdoc/>
    public Task WakeAsync() => _header is null || _state.Ended ? Task.CompletedTask : EnqueueAsync(static _ => { });

    /// <inheritdoc/>
    public async Task<ControlReply> DeleteAsync()
    {
        if (_header is null)
        {
            return new ControlReply(null, Missing: true);
        }

        if (!_state.Ended)
        {
            return new ControlReply(View(), "Only a job that has ended can be deleted; cancel it first.");
        }

        await store.DeleteAsync(Id);
        JobView last = View();
        metrics.JobStatusChanged(_state.Status, null);
        _header = null;
        End();
        return new ControlReply(last);
    }

    /// <summary>This activation ends, and first those who wait in it for news: they would keep it for as long as they wait.</summary>
    private void End()
    {
        _pulses.Close();
        DeactivateOnIdle();
    }

    private static bool SameFile(string a, string b) =>
        CanonicalJson.WriteText(System.Text.Json.Nodes.JsonNode.Parse(a)) == CanonicalJson.WriteText(System.Text.Json.Nodes.JsonNode.Parse(b));

    private string? Control(JobBatch batch, JobCommand command, string by)
    {
        JobState state = batch.State;
        if (state.Ended)
        {
            bool repeated = command == JobCommand.Cancel && state.Status == JobStatus.Cancelled;
            return repeated ? null : $"The job has {state.Status.ToString().ToLowerInvariant()} already.";
        }

        switch (command)
        {
            case JobCommand.Pause when state.Status == JobStatus.Running:
                batch.Add(new JobPaused(by, $"Paused by {by}.", Wall()));
                batch.Paused = true;
                return null;
            case JobCommand.Pause:
                return state.Status == JobStatus.Paused ? null : "It has not been placed on a worker yet, so there is nothing to pause.";
            case JobCommand.Resume when state.Status == JobStatus.Paused:
                batch.Add(new JobResumed(by, Wall()));
                return null;
            case JobCommand.Cancel:
                batch.Add(new JobEnded(JobStatus.Cancelled, null, new JobError("cancelled", $"Cancelled by {by}."), Wall()));
                return null;
            default:
                return null;
        }
    }

    private JobView View()
    {
        double seconds = (clock.GetUtcNow() - _header!.Created).TotalSeconds;
        JobView view = JobViews.Job(Id, _transitions!.Spec, _state, seconds);
        return Held is { } why ? view with { Status = JobStatus.Paused, Reason = why } : view;
    }

    private async Task LoadAsync(StoredJob header, CancellationToken ct)
    {
        using JsonDocument document = JsonDocument.Parse(header.Spec);
        JobSpec spec = JobSpecReader.Read(document.RootElement).Spec
            ?? throw new InvalidOperationException($"The stored file of job {Id} cannot be read by this version.");
        ISearch search = SearchFactory.Create(spec);
        var transitions = new JobTransitions(Id, spec, search);
        JobState state = transitions.Initial;
        _snapshotAt = 0;
        if (await store.SnapshotAsync(Id, ct) is { } snapshot)
        {
            state = JobSnapshot.Load(snapshot.State, search);
            _snapshotAt = snapshot.Sequence;
        }

        while (state.Sequence < header.Sequence)
        {
            IReadOnlyList<StoredEvent> page = await store.EventsAsync(Id, state.Sequence, 1000, ct);
            if (page.Count == 0)
            {
                throw new InvalidOperationException($"Job {Id} has {header.Sequence} events, but none after {state.Sequence} can be read.");
            }

            state = page.Aggregate(state, (now, e) => transitions.Apply(now, JsonSerializer.Deserialize<JobEvent>(e.Payload, WireJson.Options)!));
        }

        (_header, _transitions, _state) = (header, transitions, state);
        _mustDecide = true;
        metrics.JobStatusChanged(null, state.Status);
        WatchDeadline();
    }

    /// <summary>The segment and hash of a parent checkpoint whose stored bytes are gone or changed.</summary>
    private async Task<(int Segment, string Sha256)?> BrokenParentAsync(int number)
    {
        return _state.Segments.TryGetValue(number, out SegmentRecord? segment) && segment.Parent is { } parent
            && _state.Segments[parent].Checkpoint is { } checkpoint && !await blobs.VerifyAsync(checkpoint.Sha256)
            ? (parent, checkpoint.Sha256)
            : null;
    }

    /// <summary>There is no room: says so, and tries again until there is. No event can say it.</summary>
    private void Hold(JobError why)
    {
        _held = why;
        _heldAt = clock.GetTimestamp();
        _pulses.Ring();
        RetryLater();
    }

    private void RetryLater() => _retry ??= this.RegisterGrainTimer(
        async _ =>
        {
            _retry?.Dispose();
            _retry = null;
            try
            {
                await WakeAsync();
            }
            catch (StoreFullException)
            {
                // Held again.
            }

            if (_held is null)
            {
                return;
            }

            if (clock.GetElapsedTime(_heldAt) < HeldFor)
            {
                RetryLater();
                return;
            }

            _held = null;
            _pulses.Ring();
        },
        new GrainTimerCreationOptions(RetryAfter, Timeout.InfiniteTimeSpan) { Interleave = true, KeepAlive = true });

    /// <summary>What waits to be applied to the job, and who waits for it.</summary>
    private sealed record Message(Action<JobBatch> Apply, TaskCompletionSource Done);
}
