using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.EndToEnd.Tests.OnTheClock;

/// <summary>The comparison as a command: it runs jobs, keeps what they found, and runs nothing twice.</summary>
public sealed class ComparisonTests
{
    private static readonly TimeSpan Hangs = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task It_runs_jobs_keeps_them_and_prints_them_again_without_running_them()
    {
        using var folder = new TemporaryFolder();
        string[] wanted = ["--quick", "--only", "quick-quadratic/annealed-8", "quick-quadratic/halving", "--seeds", "1", "--out", folder.Path];
        (string ran, string notes) = await RunAsync(wanted);
        Assert.Contains("2/2 ", notes);
        Assert.Contains("| annealed-8 ", ran);
        Assert.Contains("| halving ", ran);
        Assert.Equal(2, Directory.GetFiles(folder.Path, "result.json", SearchOption.AllDirectories).Length);
        Assert.Empty(Directory.GetDirectories(Path.Combine(folder.Path, "quick-quadratic"), "cluster-*"));

        (string printed, string nothing) = await RunAsync([.. wanted, "--table"]);
        Assert.Empty(nothing);
        Assert.StartsWith(printed.TrimEnd(), ran);
    }

    private static async Task<(string Out, string Error)> RunAsync(string[] options)
    {
        await using ProgramProcess command = ProgramProcess.Start(Executables.Path("Benchmarks", "Benchmarks"), ["on-the-clock", .. options]);
        int code = await command.ExitAsync(Hangs, TestContext.Current.CancellationToken);
        Assert.True(code == 0, command.Out + command.Error);
        return (command.Out, command.Error);
    }
}
