using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Trainer.Segments;

/// <summary>Carries a stop from the thread that reads requests to the one that trains.</summary>
internal sealed class StopSignal
{
    private volatile StopRequest? _request;

    /// <summary>How it was asked to stop; null: go on.</summary>
    internal StopRequest? Request => _request;

    /// <summary>Whether nobody wants the prefix either.</summary>
    internal bool Abandoned => Request is { } request && IsAbandonment(request);

    /// <summary>Asks for a stop. The first one counts, but that nobody wants the prefix any more overtakes that it is kept.</summary>
    internal void Raise(StopRequest request)
    {
        // One thread reads requests, and resets and raises: nothing comes between the look and the write.
        if (!Abandoned && (_request is null || IsAbandonment(request)))
        {
            _request = request;
        }
    }

    /// <summary>Forgets an earlier stop, when another request begins.</summary>
    internal void Reset() => _request = null;

    private static bool IsAbandonment(StopRequest request) => request.Reason is StopReason.Cancelled or StopReason.Superseded;
}
