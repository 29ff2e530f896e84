using Orchestrator.Contracts.Trainers;
using Orchestrator.TestKit.Trainers;

namespace Orchestrator.Benchmarks.Training;

/// <summary>A trainer process that trains segments one after the other, and says what each took.</summary>
internal sealed class TrainingSession : IDisposable
{
    private readonly TrainerProcess _trainer;
    private readonly string _scratch = Directory.CreateTempSubdirectory("orchestrator-benchmark-").FullName;
    private CheckpointSource? _parent;
    private long _step;

    /// <param name="workload">Workload of the built-in trainer.</param>
    /// <param name="settings">Its settings as JSON.</param>
    /// <param name="data">Folders of data.</param>
    /// <param name="environment">Environment variables on top of those of the numeric class; an empty value removes one.</param>
    public TrainingSession(string workload, string settings, string data, IReadOnlyDictionary<string, string>? environment = null)
    {
        _trainer = new TrainerProcess([], environment);
        if (_trainer.Open(workload, settings, seed: 1, _scratch, data) is FailedReply failed)
        {
            throw new InvalidOperationException(failed.Message);
        }
    }

    /// <summary>Resident bytes of the process.</summary>
    public long Resident
    {
        get
        {
            _trainer.Process.Refresh();
            return _trainer.Process.WorkingSet64;
        }
    }

    /// <summary>Trains on from the last checkpoint.</summary>
    public DoneReply Train(long steps, double rate = 0.01)
    {
        string output = Path.Combine(_scratch, $"{_step % 2}.safetensors");
        TrainerReply reply = _trainer.Train(new TrainRequest
        {
            Segment = "benchmark",
            Parent = _parent,
            Output = new CheckpointTarget(output),
            Start = _step,
            Steps = steps,
            Plan = new RatePlan([new RateRun(steps, rate, rate)]),
        });
        DoneReply done = reply as DoneReply ?? throw new InvalidOperationException(reply.ToString());
        _parent = new CheckpointSource(output, done.Checkpoint!.Sha256);
        _step += steps;
        return done;
    }

    /// <summary>Starts from the last checkpoint again, trains one step, and keeps nothing: what a fork costs.</summary>
    public DoneReply Fork()
    {
        TrainerReply reply = _trainer.Train(new TrainRequest
        {
            Segment = "fork",
            Parent = _parent,
            Start = _step,
            Steps = 1,
            Plan = new RatePlan([new RateRun(1, 0.01, 0.01)]),
        });
        return reply as DoneReply ?? throw new InvalidOperationException(reply.ToString());
    }

    public void Dispose()
    {
        _trainer.Dispose();
        Directory.Delete(_scratch, recursive: true);
    }
}
