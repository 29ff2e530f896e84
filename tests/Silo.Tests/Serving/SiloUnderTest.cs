using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Orchestrator.Contracts.Client;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.Silo.Tests.Serving;

/// <summary>
/// The real control plane as a process of its own, on a free port, with its store and blobs in a folder. It can be
/// killed and started again on what it left; its address changes then.
/// </summary>
public sealed class SiloUnderTest : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Hangs = TimeSpan.FromSeconds(90);

    private readonly string _folder;
    private readonly IReadOnlyList<string> _options;
    private readonly ConcurrentQueue<string> _output = new();
    private Process? _process;

    private SiloUnderTest(string folder, IReadOnlyList<string> options) => (_folder, _options) = (folder, options);

    /// <summary>The executable.</summary>
    public static string Program => Executables.Path("Silo", "orchestrator-silo");

    /// <summary>Durations that tests use, shorter than the defaults.</summary>
    public static IReadOnlyList<string> ShortLeases { get; } =
        ["--lease-seconds", "6", "--grace-seconds", "2", "--heartbeat-seconds", "1"];

    /// <summary>Folder of the store.</summary>
    public string Store => Path.Combine(_folder, "store");

    /// <summary>Folder of the blobs.</summary>
    public string Blobs => Path.Combine(_folder, "blobs");

    /// <summary>Where it listens.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>A client of it.</summary>
    public HttpClient Http { get; private set; } = new();

    /// <summary>A typed client of it.</summary>
    public IJobsApi Api { get; private set; } = null!;

    /// <summary>Its process number.</summary>
    public int Id => _process!.Id;

    /// <summary>All it printed so far.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>Bytes of memory it has resident.</summary>
    public long ResidentBytes
    {
        get
        {
            _process!.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Starts one.</summary>
    /// <param name="folder">Holds its store and its blobs; what is there is gone on with.</param>
    /// <param name="options">More options; --store and --blobs replace those of the folder.</param>
    public static async Task<SiloUnderTest> StartAsync(string folder, params IReadOnlyList<string> options)
    {
        var silo = new SiloUnderTest(folder, options);
        await silo.StartAgainAsync();
        return silo;
    }

    /// <summary>Runs the executable to its end: for what makes it refuse to start.</summary>
    public static async Task<(int Code, string Error)> RunToEndAsync(params IReadOnlyList<string> arguments)
    {
        using Process process = Start(arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync().WaitAsync(Hangs);
        await process.WaitForExitAsync().WaitAsync(Hangs);
        return (process.ExitCode, error + await output);
    }

    /// <summary>Starts it again on the same store.</summary>
    public async Task StartAgainAsync()
    {
        string addressFile = Path.Combine(_folder, "address");
        File.Delete(addressFile);
        _process?.Dispose();
        _process = Start(
            [
                .. _options.Contains("--store") ? (string[])[] : ["--store", Store],
                .. _options.Contains("--blobs") ? (string[])[] : ["--blobs", Blobs],
                "--listen", "127.0.0.1:0", "--address-file", addressFile,
                "--parent-pid", Environment.ProcessId.ToString(CultureInfo.InvariantCulture), .. _options,
            ]);
        _process.OutputDataReceived += (_, e) => Note(e.Data);
        _process.ErrorDataReceived += (_, e) => Note(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(Hangs);
        while (!File.Exists(addressFile))
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"The silo ended with {_process.ExitCode}: {Output}");
            }

            await Task.Delay(Look, TimeProvider.System, limit.Token);
        }

        Address = new Uri(await File.ReadAllTextAsync(addressFile, limit.Token));
        Http.Dispose();
        (Api as IDisposable)?.Dispose();
        Http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1000 }) { BaseAddress = Address };
        Api = new HttpJobsApi(Address);
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM; its exit code once it has ended.</summary>
    public async Task<int> TerminateAsync()
    {
        using (var kill = Process.Start("kill", ["-s", "TERM", Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        await _process!.WaitForExitAsync().WaitAsync(Hangs);
        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        _process?.Dispose();
        Http.Dispose();
        (Api as IDisposable)?.Dispose();
    }

    private static Process Start(IEnumerable<string> arguments) => Process.Start(new ProcessStartInfo(Program, arguments)
    {
        UseShellExecute = false,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private void Note(string? line)
    {
        if (line is not null)
        {
            _output.Enqueue(line);
        }
    }
}
