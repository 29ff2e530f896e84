using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Orchestrator.Contracts.Trainers;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.Trainer.Tests;

/// <summary>A real trainer process, spoken to line by line.</summary>
internal sealed class TrainerProcess : IDisposable
{
    private readonly Process _process;
    private long _id;

    public TrainerProcess(params string[] arguments)
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

        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
    }

    public Process Process => _process;

    public StreamWriter Input => _process.StandardInput;

    public void Write(TrainerRequest request)
    {
        Input.WriteLine(Encoding.UTF8.GetString(TrainerProtocol.WriteLine(request)));
        Input.Flush();
    }

    /// <summary>The next reply that is no progress.</summary>
    public TrainerReply Read()
    {
        while (true)
        {
            string line = _process.StandardOutput.ReadLine() ?? throw new EndOfStreamException("The trainer ended.");
            TrainerReply? reply = TrainerProtocol.ReadReply(Encoding.UTF8.GetBytes(line));
            if (reply is not (null or ProgressReply))
            {
                return reply;
            }
        }
    }

    public TrainerReply Open(string workload, string settings = "{}", long seed = 1, string? scratch = null)
    {
        Write(new OpenRequest
        {
            Id = ++_id,
            Protocol = TrainerProtocol.Version,
            Workload = workload,
            Settings = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(settings)!,
            Seed = seed,
            Data = Executables.ShippedData,
            Scratch = scratch,
        });
        return Read();
    }

    public TrainerReply Train(TrainRequest request)
    {
        Write(request with { Id = ++_id });
        return Read();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
