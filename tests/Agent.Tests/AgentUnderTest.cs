using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Agent.Tests;

/// <summary>The real agent executable, offering the fake trainer, with a state folder of its own.</summary>
internal sealed class AgentUnderTest : IAsyncDisposable
{
    /// <summary>The agent's own build output: beside the tests lie only those of its files that they share.</summary>
    private static readonly string Program = Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, "..", "..", "Agent", new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/')).Name, "orchestrator-agent"));

    private static readonly TimeSpan Hangs = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();

    private AgentUnderTest(ProcessStartInfo start)
    {
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, e) => Note(e.Data);
        _process.ErrorDataReceived += (_, e) => Note(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    internal int Id => _process.Id;

    /// <summary>All it printed so far.</summary>
    internal string Output => string.Join('\n', _output);

    /// <summary>Starts an agent of one slot.</summary>
    /// <param name="silo">Its silo.</param>
    /// <param name="folder">Holds its state folder, `state`, and whatever the test wants.</param>
    /// <param name="options">More options; --name and --trainer replace those of the fixture.</param>
    internal static AgentUnderTest Start(Uri silo, TemporaryFolder folder, params IReadOnlyList<string> options) =>
        new(new ProcessStartInfo(
            Program,
            [
                "--server", silo.ToString(), "--slots", "1", "--state", folder.File("state"),
                .. options.Contains("--name") ? (string[])[] : ["--name", "tested"],
                .. options.Contains("--trainer") ? (string[])[] : ["--trainer", FakeTrainer.WriteLauncher(folder.Path)],
                .. options,
            ])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });

    /// <summary>Ends when it has printed <paramref name="words"/>: what it logs comes later than what it does.</summary>
    internal Task SaidAsync(string words) =>
        Waiting.UntilAsync(() => Output.Contains(words, StringComparison.Ordinal), $"'{words}'", Hangs, TestContext.Current.CancellationToken);

    /// <summary>SIGTERM.</summary>
    internal void Terminate() => Signal("TERM");

    /// <summary>SIGKILL to the agent alone.</summary>
    internal void Kill() => _process.Kill();

    /// <summary>Its exit code.</summary>
    internal async Task<int> ExitAsync(double seconds = 20)
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(seconds), TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        TestContext.Current.TestOutputHelper?.WriteLine(Output);
        _process.Dispose();
    }

    private void Note(string? line)
    {
        if (line is not null)
        {
            _output.Enqueue(line);
        }
    }

    private void Signal(string name)
    {
        using var kill = Process.Start("kill", ["-s", name, Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }
}
