using System.Net;

namespace Orchestrator.Workers.Agent.Silo;

/// <summary>No silo answered, or it could not: try again, with the same request.</summary>
internal sealed class SiloUnreachableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The silo understood and said no: trying the same again is of no use.</summary>
internal sealed class SiloRefusedException(HttpStatusCode status, string message) : Exception(message)
{
    /// <summary>What it answered.</summary>
    internal HttpStatusCode Status { get; } = status;
}
