using System.Threading.Channels;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Agent.Leasing;

/// <summary>How many more leases are wanted.</summary>
/// <param name="Free">For slots that have nothing to do.</param>
/// <param name="Ahead">Beyond that, so that a slot need not wait for the silo.</param>
internal readonly record struct Room(int Free, int Ahead)
{
    /// <summary>Room for a number of slots, of which some run and with leases that wait: one ahead for all of them.</summary>
    internal static Room For(int slots, int running, int waiting)
    {
        const int ahead = 1;
        int free = Math.Max(0, slots - running - waiting);
        return new Room(free, Math.Max(0, slots + ahead - running - waiting - free));
    }
}

/// <summary>
/// All leases of the agent: from their arrival until the silo has received their results. Safe for several threads.
/// </summary>
internal sealed class LeaseBoard(int slots)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, HeldLease> _held = [];
    private readonly HashSet<string> _spooled = [];
    private readonly Channel<HeldLease> _waiting = Channel.CreateUnbounded<HeldLease>();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;
    private int _queued;

    /// <summary>Leases that wait or run.</summary>
    internal int Busy
    {
        get
        {
            lock (_gate)
            {
                return _running + _queued;
            }
        }
    }

    /// <summary>The room there is, and a task that ends when it may have become more.</summary>
    internal (Room Room, Task Changed) Look()
    {
        lock (_gate)
        {
            return (Room.For(slots, _running, _queued), _changed.Task);
        }
    }

    /// <summary>Takes leases on; those it has already are left out.</summary>
    /// <returns>The new ones.</returns>
    internal IReadOnlyList<HeldLease> Accept(IEnumerable<Lease> leases)
    {
        var fresh = new List<HeldLease>();
        lock (_gate)
        {
            foreach (Lease lease in leases)
            {
                var held = new HeldLease(lease);
                if (!_spooled.Contains(lease.Token) && _held.TryAdd(lease.Token, held))
                {
                    _queued++;
                    fresh.Add(held);
                }
            }
        }

        return fresh;
    }

    /// <summary>Hands accepted leases to the slots.</summary>
    internal void Queue(IEnumerable<HeldLease> leases)
    {
        foreach (HeldLease held in leases)
        {
            _waiting.Writer.TryWrite(held);
        }
    }

    /// <summary>The next lease for a slot, which must <see cref="Ended"/> it.</summary>
    internal async Task<HeldLease> TakeAsync(CancellationToken stopping)
    {
        while (true)
        {
            HeldLease held = await _waiting.Reader.ReadAsync(stopping);
            if (held.TryBegin())
            {
                lock (_gate)
                {
                    _queued--;
                    _running++;
                }

                return held;
            }
        }
    }

    /// <summary>A slot is done with a lease; it stays on the board until <see cref="Received"/>.</summary>
    internal void Ended()
    {
        lock (_gate)
        {
            _running--;
        }

        Change();
    }

    /// <summary>Stops a lease; the lease where it never ran and its result is the caller's to report.</summary>
    internal HeldLease? Stop(string token, StopReason reason)
    {
        HeldLease? held;
        lock (_gate)
        {
            held = _held.GetValueOrDefault(token);
        }

        if (held is null || !held.Stop(reason))
        {
            return null;
        }

        lock (_gate)
        {
            _queued--;
        }

        Change();
        return held;
    }

    /// <summary>Stops all leases; those that never ran are the caller's to report.</summary>
    internal IReadOnlyList<HeldLease> StopAll(StopReason reason)
    {
        string[] tokens;
        lock (_gate)
        {
            tokens = [.. _held.Keys];
        }

        return [.. tokens.Select(token => Stop(token, reason)).OfType<HeldLease>()];
    }

    /// <summary>Results of an earlier run of the agent wait to be received.</summary>
    internal void AddSpooled(IEnumerable<string> tokens)
    {
        lock (_gate)
        {
            _spooled.UnionWith(tokens);
        }
    }

    /// <summary>Tokens of the results of earlier runs of the agent that still wait, in order.</summary>
    internal IReadOnlyList<string> Spooled
    {
        get
        {
            lock (_gate)
            {
                return [.. _spooled.Order(StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>The silo has the result.</summary>
    internal void Received(string token)
    {
        lock (_gate)
        {
            _held.Remove(token);
            _spooled.Remove(token);
        }
    }

    /// <summary>Every lease, for a heartbeat: also those whose results are on their way.</summary>
    internal IReadOnlyList<LeaseProgress> TakeProgress()
    {
        lock (_gate)
        {
            return [.. _held.Values.Select(h => h.TakeProgress()), .. _spooled.Select(t => new LeaseProgress(t, 0))];
        }
    }

    private void Change()
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            (changed, _changed) = (_changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        changed.SetResult();
    }
}
