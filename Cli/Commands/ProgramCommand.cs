using System.CommandLine;
using System.Diagnostics;
using Orchestrator.Cli.Local;

namespace Orchestrator.Cli.Commands;

/// <summary><c>serve</c> and <c>worker</c>: another program of this build, with the options as they were given and this command's streams.</summary>
internal static class ProgramCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    /// <summary>A command that becomes a program; its options are that program's own.</summary>
    public static Command Create(Session session, string name, string description, string project, string program)
    {
        var command = new Command(name, $"{description} Its options: orchestrator {name} -- --help") { TreatUnmatchedTokensAsErrors = false };
        command.Options.Clear();
        return command.Does(session, (parsed, ct) => RunAsync(session, project, program, parsed.UnmatchedTokens, ct));
    }

    private static async Task<int> RunAsync(Session session, string project, string program, IReadOnlyList<string> arguments, CancellationToken ct)
    {
        using var process = new Process();
        process.StartInfo = new ProcessStartInfo(ChildProcess.Find(project, program), [.. arguments, "--parent-pid", Environment.ProcessId.ToString()]);
        process.Start();
        try
        {
            await process.WaitForExitAsync(ct);
        }
        catch (OperationCanceledException)
        {
            ChildProcess.Terminate(process);
            using var limit = new CancellationTokenSource(Patience, session.Time);
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }

        return process.ExitCode;
    }
}
