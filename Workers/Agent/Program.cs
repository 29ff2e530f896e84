using System.CommandLine;
using System.CommandLine.Invocation;
using Microsoft.Extensions.Logging;
using Orchestrator.Contracts.Processes;
using Orchestrator.Workers.Agent;
using Orchestrator.Workers.Agent.CommandLine;
using Orchestrator.Workers.Agent.Processes;
using Prometheus;

const int BadInput = 2;

// More than a drain takes: the agent ends itself.
var configuration = new InvocationConfiguration
{
    ProcessTerminationTimeout = TimeSpan.FromSeconds(15),
    EnableDefaultExceptionHandler = false,
};
ParseResult parsed = AgentCommand.Create(RunAsync).Parse(args);
if (parsed.Action is ParseErrorAction mistaken)
{
    mistaken.ShowHelp = false; // the message says what is wrong; --help is there for the rest
}

try
{
    int code = await parsed.InvokeAsync(configuration);
    return parsed.Errors.Count > 0 ? BadInput : code;
}
catch (AgentInputException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return BadInput;
}

static async Task RunAsync(AgentOptions options, CancellationToken stopping)
{
    using ILoggerFactory loggers = LoggerFactory.Create(logging => logging
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
            console.UseUtcTimestamp = true;
        })
        .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
    ILogger logger = loggers.CreateLogger("agent");
    var metrics = new AgentMetrics(Metrics.DefaultRegistry);
    using MetricServer? server = options.MetricsPort is { } port ? new MetricServer("127.0.0.1", port) : null;
    try
    {
        server?.Start();
    }
    catch (System.Net.HttpListenerException e)
    {
        throw new AgentInputException($"--metrics: port {options.MetricsPort} cannot be used: {e.Message}");
    }

    // Drains on SIGTERM and SIGINT; ends at once with its parent, which is dead and waits for nothing.
    var agent = new AgentProcess(options, Guid.NewGuid().ToString("N"), metrics, TimeProvider.System, logger);
    Task running = agent.RunAsync(stopping);
    using var watching = CancellationTokenSource.CreateLinkedTokenSource(stopping);
    Task gone = options.ParentProcess is { } parent
        ? ParentWatch.GoneAsync(parent, TimeProvider.System, watching.Token)
        : Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, watching.Token);
    if (await Task.WhenAny(running, gone) == gone && gone.IsCompletedSuccessfully)
    {
        logger.LogWarning("The process that started this agent is gone; so is the agent.");
        loggers.Dispose();
        Environment.Exit(0);
    }

    await watching.CancelAsync();
    try
    {
        await running;
    }
    catch (OperationCanceledException) when (stopping.IsCancellationRequested)
    {
        // Told to stop before it had begun.
    }
}
