using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Trainer.Segments;

/// <summary>Carries a stop from the thread that reads requests to the one that trains.</summary>
internal sealed class StopSignal
{
    private const int None = -1;

    private int _reason = None;

    /// <summary>Why to stop; null: go on.</summary>
    internal StopReason? Reason => Volatile.Read(ref _reason) is var reason and not None ? (StopReason)reason : null;

    /// <summary>Whether nobody wants the prefix either.</summary>
    internal bool Abandoned => Reason is StopReason.Cancelled or StopReason.Superseded;

    /// <summary>Asks for a stop; the first reason counts.</summary>
    internal void Raise(StopReason reason) => Interlocked.CompareExchange(ref _reason, (int)reason, None);

    /// <summary>Forgets an earlier stop, when another request begins.</summary>
    internal void Reset() => Volatile.Write(ref _reason, None);
}
