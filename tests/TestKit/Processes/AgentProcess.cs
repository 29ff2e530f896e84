using System.Globalization;

namespace Orchestrator.TestKit.Processes;

/// <summary>The real agent with the built-in trainer; its name and its state survive when it is killed and started again.</summary>
/// <param name="name">Its name within the pool.</param>
/// <param name="slots">Segments it runs at once.</param>
/// <param name="server">Its silo.</param>
/// <param name="state">Folder of what survives a restart.</param>
/// <param name="options">More options.</param>
public sealed class AgentProcess(string name, int slots, Uri server, string state, params IReadOnlyList<string> options) : IAsyncDisposable
{
    private ProgramProcess? _process;

    /// <summary>Its name within the pool.</summary>
    public string Name => name;

    /// <summary>Segments it runs at once.</summary>
    public int Slots => slots;

    /// <summary>Folder of what survives a restart.</summary>
    public string State => state;

    /// <summary>Whether it runs.</summary>
    public bool IsAlive => _process is { IsAlive: true };

    /// <summary>Its process number.</summary>
    public int Id => _process!.Id;

    /// <summary>What it printed since it was started last.</summary>
    public string Output => _process?.Error ?? "";

    /// <summary>Process numbers of its trainers.</summary>
    public IReadOnlyList<int> Trainers => IsAlive ? ProcessTree.Descendants(_process!.Id, "orchestrator-trainer") : [];

    /// <summary>Starts it; it registers by itself.</summary>
    public void Start() => _process = ProgramProcess.Start(
        Executables.Path("Agent", "orchestrator-agent"),
        [
            "--server", server.ToString(), "--name", name, "--slots", slots.ToString(CultureInfo.InvariantCulture),
            "--parent-pid", Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
            .. Unless("--state", state), .. Unless("--data", Executables.ShippedData),
            .. options,
        ]);

    /// <summary>An option, unless another value of it was given.</summary>
    private string[] Unless(string option, string value) => options.Contains(option) ? [] : [option, value];

    /// <summary>SIGKILL to the agent alone: what becomes of its trainers is its own affair.</summary>
    public async Task KillAsync()
    {
        await _process!.KillAsync();
        await _process.DisposeAsync();
    }

    /// <summary>SIGSTOP: it lives and says nothing, as behind a broken network. Its trainers go on.</summary>
    public void Suspend() => _process!.Signal("STOP");

    /// <summary>SIGCONT.</summary>
    public void Resume() => _process!.Signal("CONT");

    /// <summary>SIGTERM, and until it has drained.</summary>
    public async Task DrainAsync()
    {
        _process!.Signal("TERM");
        await _process.ExitAsync(TimeSpan.FromSeconds(60));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }
}
