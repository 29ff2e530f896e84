using System.Globalization;

namespace Orchestrator.TestKit.Processes;

/// <summary>The real silo, on a port and a store of its own, which survive when it is killed and started again.</summary>
/// <param name="folder">Folder of its store.</param>
/// <param name="times">Durations of leases.</param>
/// <param name="blobs">Folder of its checkpoints; null = beside the store.</param>
public sealed class SiloProcess(string folder, LeaseTimes times, string? blobs = null) : IAsyncDisposable
{
    private readonly int _port = FixedPort.Take();
    private ProgramProcess? _process;

    /// <summary>Where it listens, from start to start.</summary>
    public Uri Address => new($"http://127.0.0.1:{_port.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>Folder of its checkpoints.</summary>
    public string Blobs => blobs ?? Path.Combine(folder, "blobs");

    /// <summary>Its process number.</summary>
    public int Id => _process!.Id;

    /// <summary>What it printed since it was started last.</summary>
    public string Output => _process?.Error ?? "";

    /// <summary>Starts it; returns when it listens.</summary>
    public async Task StartAsync(CancellationToken ct = default)
    {
        string announced = Path.Combine(folder, "address");
        File.Delete(announced);
        _process = ProgramProcess.Start(
            Executables.Path("Silo", "orchestrator-silo"),
            [
                "--store", Path.Combine(folder, "store"), "--blobs", Blobs, "--listen", $"127.0.0.1:{_port}",
                "--address-file", announced, "--parent-pid", Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
                .. times.Options,
            ]);
        await Waiting.UntilAsync(
            () => !_process.IsAlive ? throw new InvalidOperationException($"The silo ended:\n{Output}") : File.Exists(announced),
            "the silo listens", ct: ct);
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        await _process!.KillAsync();
        await _process.DisposeAsync();
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
