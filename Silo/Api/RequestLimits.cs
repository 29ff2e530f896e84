using Orchestrator.Contracts.Leases;

namespace Orchestrator.Silo.Api;

/// <summary>How large bodies may be.</summary>
internal static class RequestLimits
{
    /// <summary>A user's body.</summary>
    public const long UserBody = 1 << 20;

    /// <summary>A registration with its spool, or a heartbeat: up to some hundred leases with their newest points.</summary>
    public const long WorkerMessage = 16 << 20;

    /// <summary>Results of an agent: up to some hundred series.</summary>
    public const long Completions = CompletionRequest.MostBytes;
}
