using System.CommandLine;
using System.Runtime.InteropServices;

namespace Orchestrator.Cli.Commands;

/// <summary><c>version</c>: versions of this command and of what it runs on.</summary>
internal static class VersionCommand
{
    public static Command Create(Session session) =>
        new Command("version", "Print the version of this command.").Does(session, (parsed, _) =>
        {
            if (parsed.GetValue(GlobalOptions.Json))
            {
                session.WriteJson(new
                {
                    version = ProductVersion.Text,
                    runtime = RuntimeInformation.FrameworkDescription,
                    system = RuntimeInformation.OSDescription,
                    architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
                });
            }
            else
            {
                session.Out.WriteLine($"orchestrator {ProductVersion.Text} ({RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier})");
            }

            return Task.FromResult(ExitCodes.Succeeded);
        });
}
