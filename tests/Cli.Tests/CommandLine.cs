using Orchestrator.Contracts.Client;

namespace Orchestrator.Cli.Tests;

/// <summary>Runs commands in this process and keeps what they print.</summary>
internal sealed class CommandLine : IDisposable
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    /// <summary>What was printed on standard output.</summary>
    public string Output => _output.ToString();

    /// <summary>What was printed on standard error.</summary>
    public string Error => _error.ToString();

    /// <inheritdoc/>
    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
    }

    /// <summary>Runs one; returns its exit code.</summary>
    public Task<int> RunAsync(params string[] arguments) => CommandTree.RunAsync(
        new Session
        {
            Out = _output,
            Error = _error,
            Time = TimeProvider.System,
            Environment = _ => null,
            Terminal = false,
            Connect = (server, key) => new HttpJobsApi(server, key),
        },
        arguments,
        TestContext.Current.CancellationToken);
}
