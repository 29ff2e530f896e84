using System.CommandLine;
using System.CommandLine.Invocation;
using Orchestrator.Cli.Commands;

namespace Orchestrator.Cli;

/// <summary>All commands.</summary>
internal static class CommandTree
{
    /// <summary>How long a command may take to end after Ctrl-C or SIGTERM: <c>run</c> drains its agent first.</summary>
    private static readonly TimeSpan Termination = TimeSpan.FromSeconds(60);

    /// <summary>Runs a command line.</summary>
    public static async Task<int> RunAsync(Session session, IReadOnlyList<string> arguments, CancellationToken ct = default)
    {
        ParseResult parsed = Create(session).Parse(arguments);
        var configuration = new InvocationConfiguration
        {
            Output = session.Out,
            Error = session.Error,
            ProcessTerminationTimeout = Termination,
        };
        if (parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction mistaken)
        {
            mistaken.ShowHelp = false;
            await parsed.InvokeAsync(configuration, ct);
            return ExitCodes.BadInput;
        }

        return await parsed.InvokeAsync(configuration, ct);
    }

    private static RootCommand Create(Session session)
    {
        var root = new RootCommand("Finds the learning-rate schedule, and the model trained with it, of a neural network.")
        {
            GlobalOptions.Json,
            RunCommand.Create(session),
            ProgramCommand.Create(session, "serve", "Run the control plane: jobs, their searches, and the queue of segments.", "Silo", "orchestrator-silo"),
            ProgramCommand.Create(session, "worker", "Run segments for a server: one worker node of a pool.", "Agent", "orchestrator-agent"),
            DataCommand.Create(session),
            SchemaCommand.Create(session),
            VersionCommand.Create(session),
            ForecastCommand.Create(session),
            UnavailableCommand.Create(session, "advise", "Say what a finished job suggests for the next"),
        };
        foreach (Command command in RemoteCommands.Create(session))
        {
            root.Add(command);
        }

        return root;
    }
}
