using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Simulation;
using Orchestrator.Contracts.Trainers;
using Orchestrator.TestKit.Trainers;
using RateRun = Orchestrator.Contracts.Trainers.RateRun;

namespace Orchestrator.Benchmarks.Policies;

/// <summary>A checkpoint of a real trainer; null hash = the initial weights.</summary>
internal sealed record TrainedState(string? Sha256, long Step);

/// <summary>
/// A real trainer process behind the seam of the simulator: a search is driven with real training and without a cluster.
/// What was trained is kept in a folder by what it was, so that a policy that was changed trains only what is new.
/// </summary>
internal sealed class TrainedProblem : ISimulatedTrainer<TrainedState>, IDisposable
{
    private readonly PolicyWorkload _workload;
    private readonly long _seed;
    private readonly string _folder;
    private readonly string _data;
    private TrainerProcess? _trainer;

    public TrainedProblem(PolicyWorkload workload, long seed, string folder, string data)
    {
        (_workload, _seed, _data) = (workload, seed, data);
        _folder = Path.Combine(folder, $"{workload.Name}-{seed}");
        Directory.CreateDirectory(_folder);
    }

    public TrainedState Initial { get; } = new(null, 0);

    /// <summary>Steps that were really trained, those that were kept from before left out.</summary>
    public long Trained { get; private set; }

    public double Loss(TrainedState state) => Evaluate(state, ValidationSplits.Validation)["validation_loss"];

    /// <summary>Metrics of a state on a whole split.</summary>
    public IReadOnlyDictionary<string, double> Evaluate(TrainedState state, string split) => Kept($"evaluate|{state.Sha256}|{state.Step}|{split}", () =>
    {
        TrainerReply reply = Trainer().Train(new TrainRequest
        {
            Segment = "evaluate",
            Parent = Parent(state),
            Start = state.Step,
            Steps = 0,
            Validate = new ValidationRequest { AtEnd = true, Split = split },
        });
        return reply is DoneReply done ? new Kept([], [], null, done.Metrics.ToDictionary(), false) : throw new InvalidOperationException(reply.ToString());
    }).Metrics;

    public SimulatedStretch<TrainedState> Run(TrainedState from, Stretch stretch)
    {
        var plan = new RatePlan([.. stretch.Runs.Select(run => new RateRun(run.Steps, run.From, run.To))], stretch.Offset);
        string key = string.Create(CultureInfo.InvariantCulture,
            $"{from.Sha256}|{stretch.Start}|{stretch.Steps}|{JsonSerializer.Serialize(stretch.Runs)}|{stretch.Offset}|{stretch.ValidateEvery}|{stretch.ValidateAtEnd}|{JsonSerializer.Serialize(stretch.Guard)}|{stretch.Continues}{(stretch.FullValidation ? "|full" : "")}");
        Kept kept = Kept(key, () => Train(from, stretch, plan));
        StretchOutcome outcome = kept.Diverged ? StretchOutcome.Diverged : StretchOutcome.Succeeded;
        return new SimulatedStretch<TrainedState>(
            new StretchResult(stretch.Number, outcome, kept.Losses, [.. kept.Validations.Select(v => new ValidationPoint(v.Step, v.Loss))]),
            new TrainedState(kept.Sha256, stretch.Start + stretch.Steps), kept.Validations.Count * StretchCost.Validation);
    }

    public void Dispose() => _trainer?.Dispose();

    private Kept Train(TrainedState from, Stretch stretch, RatePlan plan)
    {
        string output = Path.Combine(_folder, $"{Guid.NewGuid():N}.part");
        string split = stretch.FullValidation ? ValidationSplits.Validation : ValidationSplits.Probe;
        TrainerReply reply = Trainer().Train(new TrainRequest
        {
            Segment = $"s{stretch.Number}",
            Parent = Parent(from),
            Output = stretch.Continues ? new CheckpointTarget(output) : null,
            Start = stretch.Start,
            Steps = stretch.Steps,
            Plan = plan,
            Validate = stretch.ValidateEvery > 0 || stretch.ValidateAtEnd
                ? new ValidationRequest { Every = stretch.ValidateEvery, AtEnd = stretch.ValidateAtEnd, Split = split }
                : null,
            Guard = stretch.Guard is { } guard
                ? new DivergenceLimits { MaxLossRise = guard.MaxLossRise, Patience = guard.Patience, ReferenceLoss = guard.ReferenceLoss }
                : null,
        });
        switch (reply)
        {
            case DoneReply done:
                if (done.Checkpoint is { } checkpoint)
                {
                    File.Move(output, PathOf(checkpoint.Sha256), overwrite: true);
                }

                Trained += done.Steps;
                double?[] losses = [.. SeriesCsv.Parse(File.ReadAllBytes(done.Series!.Path)).Select(point => point.Loss)];
                File.Delete(done.Series.Path);
                return new Kept(
                    [.. losses.Select(loss => loss ?? double.NaN)],
                    [.. done.Validations.Select(v => new KeptValidation(v.Step, v.Metrics.TryGetValue($"{split}_loss", out double loss) ? loss : double.NaN))],
                    done.Checkpoint?.Sha256, [], false);
            case FailedReply { Kind: FailureKind.Diverged } diverged:
                // The trainer answers a divergence without its series: what is known is how many steps it made.
                return new Kept([.. Enumerable.Repeat(double.NaN, (int)(diverged.Step!.Value - stretch.Start))], [], null, [], true);
            default:
                throw new InvalidOperationException(reply.ToString());
        }
    }

    private TrainerProcess Trainer()
    {
        if (_trainer is null)
        {
            _trainer = new TrainerProcess();
            if (_trainer.Open(_workload.Workload, _workload.Settings, _seed, _folder, _data) is FailedReply failed)
            {
                throw new InvalidOperationException(failed.Message);
            }
        }

        return _trainer;
    }

    private CheckpointSource? Parent(TrainedState state) => state.Sha256 is { } sha256 ? new CheckpointSource(PathOf(sha256), sha256) : null;

    private string PathOf(string sha256) => Path.Combine(_folder, $"{sha256}.safetensors");

    private Kept Kept(string key, Func<Kept> make)
    {
        string file = Path.Combine(_folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..32] + ".json");
        if (File.Exists(file))
        {
            return JsonSerializer.Deserialize<Kept>(File.ReadAllText(file), Json)!;
        }

        Kept made = make();
        File.WriteAllText(file + ".tmp", JsonSerializer.Serialize(made, Json));
        File.Move(file + ".tmp", file, overwrite: true);
        return made;
    }

    private static readonly JsonSerializerOptions Json = new() { NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals };
}

/// <summary>What is kept of a stretch or an evaluation.</summary>
internal sealed record Kept(
    IReadOnlyList<double> Losses, IReadOnlyList<KeptValidation> Validations, string? Sha256, Dictionary<string, double> Metrics, bool Diverged);

/// <summary>A validation that is kept.</summary>
internal sealed record KeptValidation(long Step, double Loss);
