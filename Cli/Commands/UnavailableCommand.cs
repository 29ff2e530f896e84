using System.CommandLine;

namespace Orchestrator.Cli.Commands;

/// <summary>A command that the protocol names and this version does not have: it says so.</summary>
internal static class UnavailableCommand
{
    public static Command Create(Session session, string name, string description) =>
        new Command(name, $"{description} (not available yet)") { TreatUnmatchedTokensAsErrors = false }
            .Does(session, (_, _) => throw new BadInputException($"'{name}' is not available yet"));
}
