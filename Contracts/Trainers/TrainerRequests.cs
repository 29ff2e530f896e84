using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orchestrator.Contracts.Trainers;

/// <summary>
/// What an agent writes to a trainer's standard input, one JSON object a line. One request runs at a time;
/// <see cref="StopRequest"/> may come at any time and is answered by the end of the request it stops.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(OpenRequest), "open")]
[JsonDerivedType(typeof(TrainRequest), "train")]
[JsonDerivedType(typeof(MergeRequest), "merge")]
[JsonDerivedType(typeof(StopRequest), "stop")]
[JsonDerivedType(typeof(CloseRequest), "close")]
public abstract record TrainerRequest
{
    /// <summary>Chosen by the sender; every answer to this request carries it as <c>re</c>.</summary>
    public long Id { get; init; }
}

/// <summary>Builds the workload: loads its data and its model. Answered by <see cref="ReadyReply"/>.</summary>
public sealed record OpenRequest : TrainerRequest
{
    /// <summary>Protocol version of the sender, <see cref="TrainerProtocol.Version"/>.</summary>
    public required int Protocol { get; init; }

    /// <summary>A name of <see cref="TrainerDescription.Workloads"/>.</summary>
    public required string Workload { get; init; }

    /// <summary>The job's settings, checked by the trainer against the workload's schema.</summary>
    public IReadOnlyDictionary<string, JsonElement> Settings { get; init; } = EmptySettings.Instance;

    /// <summary>The trial's seed: all randomness is a function of it, a stream's name and the step.</summary>
    public required long Seed { get; init; }

    /// <summary><c>cpu</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Threads of one step, at least 1. It belongs to the numeric class.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Folder of data sets, or several, separated by <c>:</c>; null: the environment's.</summary>
    public string? Data { get; init; }

    /// <summary>Folder for what is written besides checkpoints (series); null: the system's temporary folder.</summary>
    public string? Scratch { get; init; }

    /// <summary>Longest silence while busy, in seconds.</summary>
    public double ProgressSeconds { get; init; } = TrainerProtocol.DefaultProgressSeconds;
}

/// <summary>Runs one segment. Answered by <see cref="ProgressReply"/>s, then <see cref="DoneReply"/> or <see cref="FailedReply"/>.</summary>
public sealed record TrainRequest : TrainerRequest
{
    /// <summary>Name of the segment.</summary>
    public required string Segment { get; init; }

    /// <summary>Where to start from; null: weights initialised from the seed.</summary>
    public CheckpointSource? Parent { get; init; }

    /// <summary>Where to leave the checkpoint; null: nowhere.</summary>
    public CheckpointTarget? Output { get; init; }

    /// <summary>Updates made before this segment, at least 0.</summary>
    public required long Start { get; init; }

    /// <summary>Updates to make; 0: only the validation asked for.</summary>
    public required long Steps { get; init; }

    /// <summary>The rate of each step. May be absent where <see cref="Steps"/> is 0.</summary>
    public SegmentRates? Plan { get; init; }

    /// <summary>Overrides of the opened settings, for this segment only.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Settings { get; init; }

    /// <summary>The part of the training data to use; null: all of it.</summary>
    public DataShard? Shard { get; init; }

    /// <summary>When and on what to validate; null: never.</summary>
    public ValidationRequest? Validate { get; init; }

    /// <summary>When to give up; null: on non-finite numbers only.</summary>
    public DivergenceLimits? Guard { get; init; }
}

/// <summary>Combines checkpoints, weighted, in the order given.</summary>
public sealed record MergeRequest : TrainerRequest
{
    public required IReadOnlyList<WeightedCheckpoint> Parents { get; init; }

    /// <summary>Name of the way to combine them.</summary>
    public required string Rule { get; init; }

    public required CheckpointTarget Output { get; init; }
}

/// <summary>Ends the running request early; without one it does nothing.</summary>
public sealed record StopRequest : TrainerRequest
{
    public required StopReason Reason { get; init; }

    /// <summary>Where to keep the prefix of a segment that was asked for no checkpoint; null: it is not wanted.</summary>
    public CheckpointTarget? Output { get; init; }
}

/// <summary>Ends the trainer after what is running; the end of standard input ends it at once.</summary>
public sealed record CloseRequest : TrainerRequest;

/// <summary>Why a segment is stopped.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<StopReason>))]
public enum StopReason
{
    /// <summary>Nobody wants the result: no checkpoint is written.</summary>
    Cancelled,

    /// <summary>The prefix is kept: the checkpoint is written after the step that is running.</summary>
    Paused,

    /// <summary>Somebody else has the result: no checkpoint is written.</summary>
    Superseded,

    /// <summary>As <see cref="Paused"/>: the worker is to go away.</summary>
    Draining,
}

/// <summary>A checkpoint to start from.</summary>
/// <param name="Path">File that holds it.</param>
/// <param name="Sha256">SHA-256 of its bytes, 64 lower-case hexadecimal digits.</param>
public sealed record CheckpointSource(string Path, string Sha256);

/// <summary>Where a checkpoint is to be written, by way of a temporary file beside it.</summary>
/// <param name="Path">File to create or replace.</param>
public sealed record CheckpointTarget(string Path);

/// <summary>One of the checkpoints of a <see cref="MergeRequest"/>.</summary>
public sealed record WeightedCheckpoint(string Path, string Sha256, double Weight);

/// <summary>A part of the training data (federated rounds).</summary>
/// <param name="Index">0 … <paramref name="Count"/> − 1.</param>
/// <param name="Count">Number of shards.</param>
/// <param name="Alpha">Concentration of the class proportions; absent: equal parts.</param>
public sealed record DataShard(int Index, int Count, double? Alpha = null);

/// <summary>When and on what a segment validates. A segment's border by itself never does.</summary>
public sealed record ValidationRequest
{
    /// <summary>0: never in between; v: after s updates, for all s in (start, start + steps] with s mod v = 0.</summary>
    public long Every { get; init; }

    /// <summary>Validate after the segment's last step, too (once, where <see cref="Every"/> falls on it).</summary>
    public bool AtEnd { get; init; }

    /// <summary>A constant of <see cref="ValidationSplits"/>.</summary>
    public string Split { get; init; } = ValidationSplits.Validation;

    /// <summary>Use only the split's first samples; null: all.</summary>
    public long? Samples { get; init; }
}

/// <summary>The held-out sets a trainer validates on.</summary>
public static class ValidationSplits
{
    /// <summary>All of the validation split; results are <c>validation_…</c>.</summary>
    public const string Validation = "validation";

    /// <summary>The test split, for the one evaluation at the end; results are <c>test_…</c>.</summary>
    public const string Test = "test";

    /// <summary>The fixed first 8 × batch-size samples of the validation split; results are <c>probe_…</c>.</summary>
    public const string Probe = "probe";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Validation, Test, Probe];
}

/// <summary>The divergence guard. A non-finite loss or gradient fires it always.</summary>
public sealed record DivergenceLimits
{
    /// <summary>Fires when the mean of the last <see cref="Patience"/> losses exceeds this many times the reference.</summary>
    public double? MaxLossRise { get; init; }

    /// <summary>Losses in that mean, at least 1.</summary>
    public int Patience { get; init; } = 1;

    /// <summary>The reference; null: the segment's first loss.</summary>
    public double? ReferenceLoss { get; init; }

    /// <summary>
    /// Losses of the steps before the first one that count in the mean, oldest first, fewer than <see cref="Patience"/>:
    /// the segment is the rest of one that was stopped, and fires where that one would have. Null: none.
    /// </summary>
    public IReadOnlyList<double>? EarlierLosses { get; init; }

    /// <summary>Fires when the gradient's Euclidean norm exceeds this.</summary>
    public double? MaxGradientNorm { get; init; }
}

/// <summary>No settings.</summary>
internal static class EmptySettings
{
    internal static IReadOnlyDictionary<string, JsonElement> Instance { get; } = new Dictionary<string, JsonElement>();
}
