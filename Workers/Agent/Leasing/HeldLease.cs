using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Agent.Checkpoints;

namespace Orchestrator.Workers.Agent.Leasing;

/// <summary>
/// A lease the agent holds: waiting for a slot, running, or ended with its result on its way. Safe for several threads.
/// </summary>
#pragma warning disable CA1001 // A cancellation source without a timer or a wait handle holds nothing that needs disposing.
internal sealed class HeldLease
#pragma warning restore CA1001
{
    private const int MostPoints = 512;

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _unwanted = new();
    private readonly List<IReadOnlyList<double?>> _points = [];
    private IReadOnlyList<string> _columns = [];
    private Action<StopReason>? _onStop;
    private StopReason? _stop;
    private bool _begun;
    private long _steps;

    internal HeldLease(Lease lease) => Lease = lease;

    /// <summary>What the silo granted.</summary>
    internal Lease Lease { get; }

    /// <summary>What to run.</summary>
    internal SegmentWork Work => Lease.Work;

    /// <summary>Timestamp (TimeProvider) at which its slot began with it; null = it waits.</summary>
    internal long? BegunAt { get; set; }

    /// <summary>Fetches the checkpoint to start from, ahead of time; null where there is none.</summary>
    internal Task<CheckpointLoan>? Parent { get; private set; }

    /// <summary>Why it is to stop; null = it is not.</summary>
    internal StopReason? StopReason
    {
        get
        {
            lock (_gate)
            {
                return _stop;
            }
        }
    }

    /// <summary>Begins to fetch the checkpoint to start from; a stop ends that.</summary>
    internal void Prefetch(ICheckpoints checkpoints)
    {
        if (Work.Parent is { } parent)
        {
            Parent = checkpoints.BorrowAsync(parent, _unwanted.Token);
        }
    }

    /// <summary>Takes it for a slot; false where it was stopped, or taken, before.</summary>
    internal bool TryBegin()
    {
        lock (_gate)
        {
            bool free = !_begun && _stop is null;
            _begun |= free;
            return free;
        }
    }

    /// <summary>Stops it. True where it had not begun: then nobody else reports it.</summary>
    internal bool Stop(StopReason reason)
    {
        Action<StopReason>? tell;
        bool first;
        lock (_gate)
        {
            first = _stop is null && !_begun;
            _stop = reason;
            tell = _onStop;
        }

        _unwanted.Cancel();
        tell?.Invoke(reason);
        return first;
    }

    /// <summary>Has <paramref name="act"/> called on every stop, also on one that came already.</summary>
    internal void OnStop(Action<StopReason>? act)
    {
        StopReason? already;
        lock (_gate)
        {
            _onStop = act;
            already = _stop;
        }

        if (already is { } reason)
        {
            act?.Invoke(reason);
        }
    }

    /// <summary>Notes what the trainer reported.</summary>
    internal void Report(ProgressReply progress)
    {
        lock (_gate)
        {
            _steps = progress.Steps;
            _columns = progress.Columns;
            _points.AddRange(progress.Points);
            if (_points.Count > MostPoints)
            {
                _points.RemoveRange(0, _points.Count - MostPoints);
            }
        }
    }

    /// <summary>What to tell in the next heartbeat: steps, and the points since the last one.</summary>
    internal LeaseProgress TakeProgress()
    {
        lock (_gate)
        {
            var progress = _points.Count == 0
                ? new LeaseProgress(Lease.Token, _steps)
                : new LeaseProgress(Lease.Token, _steps, _columns, [.. _points]);
            _points.Clear();
            return progress;
        }
    }

    /// <summary>Gives back the checkpoint it started from, or was to start from.</summary>
    internal async Task DropParentAsync()
    {
        try
        {
            if (Parent is not null)
            {
                (await Parent).Dispose();
            }
        }
        catch (Exception e) when (e is OperationCanceledException or CheckpointLostException or IOException)
        {
            // There is nothing to give back.
        }
    }
}
