using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Storage;
using Orleans;

namespace Orchestrator.Grains.Pools;

/// <inheritdoc cref="IPoolGrain"/>
[GrainType("pool")]
public sealed partial class PoolGrain(
    IJobStore store,
    LeaseTokens tokens,
    PoolOptions options,
    TimeProvider clock,
    IHostApplicationLifetime host,
    ILogger<PoolGrain> logger) : Grain, IPoolGrain
{
    private const int QueueLimit = 10_000;
    private static readonly TimeSpan LongestPoll = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    private readonly PoolState _state = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _activated;

    private string Name => this.GetPrimaryKeyString();

    private double Now => clock.GetElapsedTime(_activated).TotalSeconds;

    /// <summary>
    /// Segments that were planned before this activation may be running: they wait until every known worker has said
    /// what it holds, or the grace is over. That it asks for more says nothing.
    /// </summary>
    private bool OldToo => Now >= options.Grace.TotalSeconds || _state.Workers.Values.All(worker => worker.Told);

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _activated = clock.GetTimestamp();
        foreach (StoredWorker worker in await store.WorkersAsync(Name, cancellationToken))
        {
            var registration = JsonSerializer.Deserialize<WorkerRegistration>(worker.Registration, WireJson.Options)!;
            _state.Workers[worker.Worker] = new WorkerEntry(worker.Worker, registration);
        }

        foreach (QueuedSegment segment in await store.QueueAsync(Name, QueueLimit, cancellationToken))
        {
            _state.Enqueue(segment, old: true);
        }

        this.RegisterGrainTimer(_ => SweepAsync(), new GrainTimerCreationOptions(Sweep, Sweep) { Interleave = true, KeepAlive = true });
        this.RegisterGrainTimer(_ => RefreshAsync(), new GrainTimerCreationOptions(Refresh, Refresh) { Interleave = true, KeepAlive = true });
    }

    /// <inheritdoc/>
    public async Task<WorkerRegistered?> RegisterAsync(string worker, WorkerRegistration registration)
    {
        if (_state.Workers.TryGetValue(worker, out WorkerEntry? named) && named.IsSuperseded(registration.Instance))
        {
            return null;
        }

        await store.SaveWorkerAsync(new StoredWorker(Name, worker, JsonSerializer.Serialize(registration with { Spooled = [] }, WireJson.Options)));
        bool known = _state.Workers.TryGetValue(worker, out WorkerEntry? entry);
        entry ??= _state.Workers[worker] = new WorkerEntry(worker, registration);

        // A new instance holds what is in its spool and nothing else; one that goes on says by heartbeat what it holds.
        bool started = !known || entry.Registration.Instance != registration.Instance;
        entry.Replace(registration);
        entry.Heard = Now;
        var spooled = registration.Spooled.ToHashSet(StringComparer.Ordinal);
        foreach (string token in spooled)
        {
            await AdoptAsync(worker, registration.Instance, token);
        }

        foreach (LeaseEntry lease in _state.Leases.Values
            .Where(l => l.Claims.Worker == worker && l.Instance != registration.Instance && !spooled.Contains(l.Token)).ToArray())
        {
            await LoseAsync(lease, "Its worker was started again without it.");
        }

        entry.Told |= started;
        await WakeUnplacedAsync();
        Ring();
        return new WorkerRegistered(options.Heartbeat.TotalSeconds, options.Lease.TotalSeconds);
    }

    /// <inheritdoc/>
    public async Task<LeaseReply> LeaseAsync(LeaseRequest request, CancellationToken ct = default)
    {
        if (!_state.Workers.TryGetValue(request.Worker, out WorkerEntry? worker) || worker.Registration.Instance != request.Instance)
        {
            return new LeaseReply([], Unknown: true);
        }

        long poll = ++worker.Polls;
        await HearAsync(worker);
        Ring();
        // A silo that ends answers its polls at once: an activation ends only when nobody waits in it any more.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct, host.ApplicationStopping);
        Task timeout = Task.Delay(LongestPoll, clock, ended.Token);
        try
        {
            return await GrantAsync(worker, request, poll, timeout, ct);
        }
        finally
        {
            await ended.CancelAsync();
        }
    }

    private async Task<LeaseReply> GrantAsync(WorkerEntry worker, LeaseRequest request, long poll, Task timeout, CancellationToken ct)
    {
        while (true)
        {
            // Granted under this id before: the answer was lost, or goes to a poll that nobody listens to any more.
            if (worker.Answered is { } answered && answered.RequestId == request.RequestId)
            {
                return answered.Reply;
            }

            // A poll of an instance that is gone would take what is planned now into its grave.
            if (worker.Polls != poll || worker.Registration.Instance != request.Instance)
            {
                return new LeaseReply([]);
            }

            ct.ThrowIfCancellationRequested();
            Task changed = _changed.Task;
            LeaseReply reply = Grant(worker, request);
            if (reply.Leases.Count > 0 || timeout.IsCompleted)
            {
                worker.Answered = (request.RequestId, reply);
                return reply;
            }

            await Task.WhenAny(changed, timeout);
        }
    }

    /// <inheritdoc/>
    public async Task<HeartbeatReply> HeartbeatAsync(HeartbeatRequest request)
    {
        bool known = _state.Workers.TryGetValue(request.Worker, out WorkerEntry? worker) && worker.Registration.Instance == request.Instance;
        if (known)
        {
            await HearAsync(worker!);
        }

        var stops = new List<LeaseStop>();
        foreach (LeaseProgress progress in request.Leases)
        {
            LeaseEntry? lease = await AdoptAsync(request.Worker, request.Instance, progress.Token);
            if (lease is null)
            {
                stops.Add(new LeaseStop(progress.Token, StopReason.Superseded));
                continue;
            }

            lease.Heard = Now;
            lease.Steps = Math.Max(lease.Steps, progress.Steps);
            lease.Draining = request.Draining;
            if (lease.Stop is { } reason)
            {
                stops.Add(new LeaseStop(progress.Token, reason));
            }
            else if (progress.Points is { Count: > 0 })
            {
                await GrainFactory.GetGrain<IJobGrain>(lease.Claims.Job).ProgressAsync(new LiveProgress(lease.Claims.Segment, request.Worker, progress));
            }
        }

        if (known && !worker!.Told)
        {
            worker.Told = true;
            Ring();
        }

        return new HeartbeatReply(stops, Unknown: !known);
    }

    /// <inheritdoc/>
    public Task ReleasedAsync(string lease, string worker, string? fault)
    {
        _state.Remove(lease, out _);
        if (fault is not null && _state.Workers.TryGetValue(worker, out WorkerEntry? entry))
        {
            entry.RestUntil = Now + Rest.TotalSeconds;
            LogWorkerRests(logger, worker, fault);
        }

        Ring();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task OfferAsync(IReadOnlyList<QueuedSegment> segments)
    {
        foreach (QueuedSegment segment in segments)
        {
            _state.Enqueue(segment, old: false);
            if (_state.TryGetLease(segment.Job, segment.Segment, out LeaseEntry? lease) && lease.Stop == StopReason.Paused)
            {
                lease.Stop = null;
            }
        }

        Ring();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(string job, IReadOnlyList<int>? segments, StopReason? reason)
    {
        _state.Dequeue(job, segments);
        foreach (LeaseEntry lease in _state.LeasesOf(job, segments))
        {
            lease.Stop = reason ?? lease.Stop;
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<PlacementReply> PlaceAsync(PlacementRequest request) => Task.FromResult(WorkerMatch.Place(Alive(), request));

    /// <inheritdoc/>
    public Task<IReadOnlyList<WorkerRegistration>> RegistrationsAsync() => Task.FromResult<IReadOnlyList<WorkerRegistration>>(Alive());

    /// <inheritdoc/>
    public Task<IReadOnlyList<WorkerView>> WorkersAsync() => Task.FromResult<IReadOnlyList<WorkerView>>(
    [
        .. _state.Workers.Values.Where(worker => !double.IsNegativeInfinity(worker.Heard)).OrderBy(worker => worker.Name, StringComparer.Ordinal).Select(worker => new WorkerView(
            Name,
            worker.Name,
            worker.Registration.Slots,
            _state.Leases.Values.Count(lease => lease.Claims.Worker == worker.Name),
            [.. worker.Registration.Trainers.SelectMany(t => t.Description.Workloads.Select(w => w.Name)).Distinct()],
            [.. worker.Registration.Trainers.SelectMany(t => t.Description.Data.Select(d => d.Name)).Distinct()],
            worker.Registration.Trainers.FirstOrDefault()?.Description.Class,
            Math.Round(Now - worker.Heard, 1),
            worker.Registration.Version)),
    ]);

    /// <inheritdoc/>
    public Task<PoolStats> StatsAsync() => Task.FromResult(new PoolStats(
        Alive().Length,
        Alive().Sum(worker => worker.Slots),
        _state.Planned,
        _state.Leases.Count,
        _state.Leases.Count == 0 ? 0 : _state.Leases.Values.Max(lease => Now - lease.Since)));

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<int, string>> LeasedAsync(string job) => Task.FromResult<IReadOnlyDictionary<int, string>>(
        _state.Leases.Values.Where(lease => lease.Claims.Job == job).GroupBy(lease => lease.Claims.Segment)
            .ToDictionary(group => group.Key, group => group.First().Claims.Worker));

    private WorkerRegistration[] Alive() =>
        [.. _state.Workers.Values.Where(w => Now - w.Heard < options.Lease.TotalSeconds).OrderBy(w => w.Name, StringComparer.Ordinal).Select(w => w.Registration)];

    private LeaseReply Grant(WorkerEntry worker, LeaseRequest request)
    {
        IReadOnlyList<SegmentWork> taken = _state.Take(worker, request.Free, request.Ahead, Now, OldToo, options.Lease.TotalSeconds);
        var leases = new List<Lease>();
        foreach (SegmentWork work in taken)
        {
            var claims = new LeaseClaims(work.Job, work.Segment, LeaseTokens.NewLease(), worker.Name);
            string token = tokens.Sign(claims);
            _state.Add(new LeaseEntry(claims, token, request.Instance, Now));
            leases.Add(new Lease(token, work));
        }

        return new LeaseReply(leases);
    }

    /// <summary>
    /// The lease of a token: known, or taken up again after a restart of this pool. Null when the token is not this
    /// worker's, or the segment is no longer wanted of it.
    /// </summary>
    private async Task<LeaseEntry?> AdoptAsync(string worker, string instance, string token)
    {
        if (!tokens.TryRead(token, out LeaseClaims? claims) || claims.Worker != worker)
        {
            return null;
        }

        if (_state.Leases.TryGetValue(claims.Lease, out LeaseEntry? lease))
        {
            return lease;
        }

        if (_state.TryGetLease(claims.Job, claims.Segment, out _))
        {
            return null;
        }

        StopReason? stop = null;
        if (!_state.IsQueued(claims.Job, claims.Segment))
        {
            StoredSegment? stored = await store.SegmentAsync(claims.Job, claims.Segment);
            if (stored is not { State: SegmentState.Planned or SegmentState.Held or SegmentState.Waiting })
            {
                return null;
            }

            if (_state.TryGetLease(claims.Job, claims.Segment, out LeaseEntry? other))
            {
                return other.Claims.Lease == claims.Lease ? other : null;
            }

            stop = stored.State == SegmentState.Held ? StopReason.Paused : null;
        }

        lease = new LeaseEntry(claims, token, instance, Now) { Stop = stop };
        _state.Add(lease);
        return lease;
    }

    private async Task SweepAsync()
    {
        foreach (LeaseEntry lease in _state.Leases.Values.Where(l => Now - l.Heard >= options.Lease.TotalSeconds).ToArray())
        {
            await LoseAsync(lease, $"Nothing was heard of worker {lease.Claims.Worker} for {options.Lease.TotalSeconds} s.");
        }

        if (Now < options.Grace.TotalSeconds + 2)
        {
            Ring();
        }
        else if (_state.Workers.Values.Any(worker => worker.RestUntil > Now - 2))
        {
            Ring();
        }
    }

    private async Task LoseAsync(LeaseEntry lease, string reason)
    {
        if (!_state.Remove(lease.Claims.Lease, out _))
        {
            return;
        }

        try
        {
            await GrainFactory.GetGrain<IJobGrain>(lease.Claims.Job)
                .LoseAsync(new LostLease(lease.Claims.Segment, lease.Claims.Lease, lease.Claims.Worker, lease.Steps, reason, lease.Draining));
        }
        catch (Exception e)
        {
            // The job could not store the loss: the lease stays lost here, and the refresh of the queue offers its segment again.
            LogLossNotStored(logger, lease.Claims.Job, lease.Claims.Segment, e);
        }
    }

    private async Task RefreshAsync()
    {
        long before = _state.BeginRefresh();
        IReadOnlyList<QueuedSegment> stored = await store.QueueAsync(Name, QueueLimit);
        _state.EndRefresh(stored, complete: stored.Count < QueueLimit, before);
        Ring();
    }

    /// <summary>Notes that a worker lives. One that was silent for so long that it counted as gone is what jobs wait for.</summary>
    private async Task HearAsync(WorkerEntry worker)
    {
        bool back = Now - worker.Heard >= options.Lease.TotalSeconds;
        worker.Heard = Now;
        if (back)
        {
            await WakeUnplacedAsync();
            Ring();
        }
    }

    private async Task WakeUnplacedAsync()
    {
        string? cursor = null;
        do
        {
            Page<StoredJob> page = await store.ListAsync(JobStatus.Unschedulable, 100, cursor);
            foreach (StoredJob job in page.Items.Where(job => job.Pool == Name))
            {
                await GrainFactory.GetGrain<IJobGrain>(job.Id).WakeAsync();
            }

            cursor = page.Next;
        }
        while (cursor is not null);
    }

    private void Ring()
    {
        TaskCompletionSource old = _changed;
        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        old.TrySetResult();
    }

    [LoggerMessage(1, LogLevel.Warning, "Worker {Worker} rests for a while: {Fault}")]
    private static partial void LogWorkerRests(ILogger logger, string worker, string fault);

    [LoggerMessage(2, LogLevel.Warning, "The loss of segment {Segment} of job {Job} was not stored.")]
    private static partial void LogLossNotStored(ILogger logger, string job, int segment, Exception e);
}
