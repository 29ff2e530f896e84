using System.Text.Json;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Trainer.Checkpoints;
using Orchestrator.Workers.Trainer.Data;
using Orchestrator.Workers.Trainer.Segments;
using Orchestrator.Workers.Trainer.Workloads;

namespace Orchestrator.Workers.Trainer.Protocol;

/// <summary>
/// Serves requests one after the other on the calling thread, which is the one that trains. A request that fails is
/// answered, and the next one is served: the process stays warm.
/// </summary>
internal sealed class TrainerServer(RequestReader requests, ReplyWriter replies, StopSignal stop, TimeProvider clock, TextWriter log)
{
    /// <summary>A sign of life at least this often while training, so that a display moves.</summary>
    private static readonly TimeSpan MostProgressInterval = TimeSpan.FromMilliseconds(500);

    private readonly CheckpointMemory _memory = new(CheckpointMemory.DefaultCount, CheckpointMemory.DefaultBytes);
    private OpenRequest? _opened;
    private SettingValues? _settings;
    private ITrainingRun? _run;

    /// <summary>Serves until a close.</summary>
    internal void Serve()
    {
        while (requests.Next() is var request and not CloseRequest)
        {
            try
            {
                replies.Write(Answer(request));
            }
            catch (Exception e)
            {
                // Whatever it was, the agent is told and decides; a warm process is worth keeping.
                log.WriteLine(e is TrainerException ? e.Message : e.ToString());
                replies.Write(FailureClassification.ToReply(request.Id, e));
            }
        }

        _run?.Dispose();
    }

    private TrainerReply Answer(TrainerRequest request) => request switch
    {
        OpenRequest open => Open(open),
        TrainRequest train => Train(train),
        MergeRequest => throw TrainerException.BadInput("`merge` is not available yet"),
        _ => throw TrainerException.BadInput($"`{request.GetType().Name}` is no request"),
    };

    private ReadyReply Open(OpenRequest open)
    {
        if (open.Protocol != TrainerProtocol.Version)
        {
            throw TrainerException.BadInput($"`protocol` is {open.Protocol}; this trainer speaks {TrainerProtocol.Version}");
        }

        if (open.Threads < 1)
        {
            throw TrainerException.BadInput($"`threads` is {open.Threads}; at least 1");
        }

        _run?.Dispose();
        _run = null;
        _opened = open;
        Build(open.Settings);

        // Which data sets there are, --describe has said; to hash all of them again would delay every start.
        var description = TrainerDescriber.Describe(new DataFolders(null), open.Device, open.Threads);
        return new() { Re = open.Id, Description = description, Parameters = _run!.ParameterCount };
    }

    /// <summary>Builds the model, unless it stands with the same settings already.</summary>
    private void Build(IReadOnlyDictionary<string, JsonElement> settings)
    {
        var open = _opened!;
        var workload = WorkloadCatalog.Find(open.Workload);
        var values = SettingValues.Read(workload.Settings, settings);
        if (_run is not null && _settings is not null && _settings.SameAs(values))
        {
            return;
        }

        _run?.Dispose();
        _run = null;
        _run = workload.Open(values, new OpenContext(open.Seed, open.Device, open.Threads, DataFolders.OrEnvironment(open.Data)));
        _settings = values;
    }

    private DoneReply Train(TrainRequest train)
    {
        var open = _opened ?? throw TrainerException.BadInput("`train` comes before `open`");
        var settings = new Dictionary<string, JsonElement>(open.Settings);
        foreach (var (name, value) in train.Settings ?? new Dictionary<string, JsonElement>())
        {
            settings[name] = value;
        }

        Build(settings);
        var scratch = open.Scratch ?? Path.GetTempPath();
        var interval = TimeSpan.FromSeconds(Math.Clamp(open.ProgressSeconds / 2, 0.05, MostProgressInterval.TotalSeconds));
        var progress = new ProgressReporter(train.Id, replies.Write, interval, clock);
        return new SegmentRunner(_run!, open.Workload, _memory, scratch, stop, progress, clock).Run(train);
    }
}
