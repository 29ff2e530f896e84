using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Trainer.Segments;

/// <summary>Carries a stop from the thread that reads requests to the one that trains.</summary>
internal sealed class StopSignal
{
    private volatile StopRequest? _request;

    /// <summary>How it was asked to stop; null: go on.</summary>
    internal StopRequest? Request => _request;

    /// <summary>Whether nobody wants the prefix either.</summary>
    internal bool Abandoned => Request?.Reason is StopReason.Cancelled or StopReason.Superseded;

    /// <summary>Asks for a stop; the first one counts.</summary>
    internal void Raise(StopRequest request) => Interlocked.CompareExchange(ref _request, request, null);

    /// <summary>Forgets an earlier stop, when another request begins.</summary>
    internal void Reset() => _request = null;
}
