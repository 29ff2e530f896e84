using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Contracts.Client;

/// <summary>Root of what can go wrong between a client and a silo.</summary>
public abstract class OrchestratorException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The silo refused a request (RFC 9457 problem details): show it, and do not repeat the request as it is.</summary>
public sealed class ApiException(int status, string title, string? detail, IReadOnlyList<SpecProblem> problems)
    : OrchestratorException(detail is null ? title : $"{title}: {detail}")
{
    /// <summary>HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>What is wrong in one line.</summary>
    public string Title { get; } = title;

    /// <summary>More of it.</summary>
    public string? Detail { get; } = detail;

    /// <summary>What is wrong with a job file, by JSON pointer; may be empty.</summary>
    public IReadOnlyList<SpecProblem> Problems { get; } = problems;
}

/// <summary>No silo answers at the address: check it, or start one; repeating later may succeed.</summary>
public sealed class ServerUnreachableException(Uri server, Exception inner)
    : OrchestratorException($"No server answers at {server}: {inner.Message}", inner)
{
    /// <summary>The address that was tried.</summary>
    public Uri Server { get; } = server;
}
