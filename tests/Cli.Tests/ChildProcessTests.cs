using Orchestrator.Cli.Local;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.Cli.Tests;

public sealed class ChildProcessTests
{
    [Fact]
    public async Task A_log_on_a_full_disk_loses_lines_and_ends_nothing()
    {
        using ChildProcess child = ChildProcess.Start("/bin/sh", ["-c", "echo one; echo two >&2; sleep 0.1; echo three"], "/dev/full");
        await UntilAsync("it ends", () => child.HasExited);
        await child.DrainAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, child.ExitCode);
    }

    [Fact]
    public async Task A_child_is_asked_to_end_before_it_is_killed()
    {
        using var folder = new TemporaryFolder();
        string log = folder.File("log");
        using ChildProcess child = ChildProcess.Start("/bin/sh", ["-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done"], log);
        await UntilAsync("it is ready", () => new FileInfo(log).Length > 0);
        await child.EndAsync(TimeSpan.FromSeconds(20), TimeProvider.System);
        Assert.Equal(7, child.ExitCode);
    }

    private static Task UntilAsync(string what, Func<bool> holds) =>
        Waiting.UntilAsync(holds, what, TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
}
