using System.CommandLine;
using Orchestrator.Contracts.Client;

namespace Orchestrator.Cli;

/// <summary>Options that mean the same in every command that has them.</summary>
internal static class GlobalOptions
{
    /// <summary>Machine-readable output.</summary>
    public static Option<bool> Json { get; } = new("--json")
    {
        Description = "Print JSON, and nothing else, on standard output.",
        Recursive = true,
    };

    /// <summary>The server's address.</summary>
    public static Option<Uri?> Server { get; } = new("--server")
    {
        Description = "Address of the server (ORCHESTRATOR_SERVER, else http://127.0.0.1:5080).",
        HelpName = "URL",
        CustomParser = argument =>
        {
            string text = argument.Tokens[0].Value;
            if (Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https")
            {
                return address;
            }

            argument.AddError($"--server: found '{text}'; an address such as http://127.0.0.1:5080 is wanted");
            return null;
        },
    };

    /// <summary>The key to show the server.</summary>
    public static Option<string?> Key { get; } = new("--key")
    {
        Description = "Key to show the server (ORCHESTRATOR_KEY); a server on this machine needs none.",
        HelpName = "KEY",
    };

    /// <summary>Adds the options of commands that talk to a server.</summary>
    public static Command Remote(this Command command)
    {
        command.Add(Server);
        command.Add(Key);
        return command;
    }

    /// <summary>The API of the server that the options name.</summary>
    /// <exception cref="BadInputException">The environment names no address.</exception>
    public static IJobsApi Connect(this Session session, ParseResult parsed)
    {
        Uri? server = parsed.GetValue(Server);
        if (server is null)
        {
            string text = session.Environment("ORCHESTRATOR_SERVER") is { Length: > 0 } named ? named : "http://127.0.0.1:5080";
            if (!Uri.TryCreate(text, UriKind.Absolute, out server) || server.Scheme is not ("http" or "https"))
            {
                throw new BadInputException($"ORCHESTRATOR_SERVER: found '{text}'; an address such as http://127.0.0.1:5080 is wanted");
            }
        }

        return session.Connect(server, parsed.GetValue(Key) ?? session.Environment("ORCHESTRATOR_KEY"));
    }
}
