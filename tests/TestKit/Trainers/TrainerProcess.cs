using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Orchestrator.Contracts.Trainers;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.TestKit.Trainers;

/// <summary>A real trainer process, spoken to line by line.</summary>
public sealed class TrainerProcess : IDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _log = new();
    private long _id;

    /// <summary>Starts it, with one thread and the environment of its numeric class.</summary>
    public TrainerProcess(params string[] arguments)
        : this(arguments, null)
    {
    }

    /// <summary>Starts it with further environment variables; an empty value takes one away.</summary>
    public TrainerProcess(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        var start = new ProcessStartInfo(Executables.Path("Trainer", "orchestrator-trainer"))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in NumericClass.Environment(1))
        {
            start.Environment[name] = value;
        }

        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value.Length == 0 ? null : value;
        }

        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _process.BeginErrorReadLine();
    }

    /// <summary>What it has written to its standard error so far.</summary>
    public string Log => string.Join('\n', _log);

    /// <summary>The process, to be killed or measured.</summary>
    public Process Process => _process;

    /// <summary>Its standard input, for lines that are no requests.</summary>
    public StreamWriter Input => _process.StandardInput;

    /// <summary>Sends a request.</summary>
    public void Write(TrainerRequest request)
    {
        Input.WriteLine(Encoding.UTF8.GetString(TrainerProtocol.WriteLine(request)));
        Input.Flush();
    }

    /// <summary>The next reply that is no progress.</summary>
    public TrainerReply Read() => Read(reply => reply is not ProgressReply);

    /// <summary>The next progress, which must come before the answer does.</summary>
    public ProgressReply ReadProgress() => (ProgressReply)Read(_ => true);

    private TrainerReply Read(Func<TrainerReply, bool> wanted)
    {
        while (true)
        {
            string line = _process.StandardOutput.ReadLine() ?? throw new EndOfStreamException("The trainer ended.");
            if (TrainerProtocol.ReadReply(Encoding.UTF8.GetBytes(line)) is { } reply && wanted(reply))
            {
                return reply;
            }
        }
    }

    /// <summary>Opens a workload.</summary>
    /// <param name="workload">Its name.</param>
    /// <param name="settings">Its settings as JSON.</param>
    /// <param name="seed">The trial's seed.</param>
    /// <param name="scratch">Folder for series; null = the system's.</param>
    /// <param name="data">Folders of data; null = what ships with the project.</param>
    /// <param name="device">cpu, cuda:N.</param>
    /// <param name="progressSeconds">Time between two signs of life.</param>
    public TrainerReply Open(
        string workload, string settings = "{}", long seed = 1, string? scratch = null, string? data = null, string device = "cpu",
        double progressSeconds = TrainerProtocol.DefaultProgressSeconds)
    {
        Write(new OpenRequest
        {
            Id = ++_id,
            Protocol = TrainerProtocol.Version,
            Workload = workload,
            Settings = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(settings)!,
            Seed = seed,
            Data = data ?? Executables.ShippedData,
            Scratch = scratch,
            Device = device,
            ProgressSeconds = progressSeconds,
        });
        return Read();
    }

    /// <summary>Runs a segment; the id is given here.</summary>
    public TrainerReply Train(TrainRequest request)
    {
        Write(request with { Id = ++_id });
        return Read();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
