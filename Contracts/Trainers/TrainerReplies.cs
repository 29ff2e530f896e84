using System.Text.Json.Serialization;

namespace Orchestrator.Contracts.Trainers;

/// <summary>
/// What a trainer writes to its standard output, one JSON object a line. Non-finite numbers are left out and named in
/// <c>nonFinite</c>.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(ReadyReply), "ready")]
[JsonDerivedType(typeof(ProgressReply), "progress")]
[JsonDerivedType(typeof(DoneReply), "done")]
[JsonDerivedType(typeof(FailedReply), "failed")]
[JsonDerivedType(typeof(DescriptionReply), "description")]
public abstract record TrainerReply
{
    /// <summary>The request's <c>id</c>; null where the request's could not be read, and for <c>--describe</c>.</summary>
    public long? Re { get; init; }
}

/// <summary>Answers <see cref="OpenRequest"/>.</summary>
public sealed record ReadyReply : TrainerReply
{
    public required TrainerDescription Description { get; init; }

    /// <summary>Number of trained parameters of the opened model.</summary>
    public required long Parameters { get; init; }
}

/// <summary>A sign of life, for looking at only: no decision may use it.</summary>
public sealed record ProgressReply : TrainerReply
{
    /// <summary>Updates of this segment made so far.</summary>
    public required long Steps { get; init; }

    /// <summary>Names of the columns of <see cref="Points"/>.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>Thinned points since the last sign of life; null where a value is missing or not finite.</summary>
    public IReadOnlyList<IReadOnlyList<double?>> Points { get; init; } = [];
}

/// <summary>The segment is finished, or was stopped and is a prefix.</summary>
public sealed record DoneReply : TrainerReply
{
    /// <summary>Updates made; fewer than asked for only after a <see cref="StopRequest"/>.</summary>
    public required long Steps { get; init; }

    /// <summary>Values of the segment's last validation; empty without one.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = EmptyMetrics.Instance;

    /// <summary>Metrics that belong into <see cref="Metrics"/> and are not finite.</summary>
    public IReadOnlyList<string>? NonFinite { get; init; }

    /// <summary>Every validation, in order of its step.</summary>
    public IReadOnlyList<ValidationResult> Validations { get; init; } = [];

    /// <summary>Per-step values (<see cref="SeriesCsv"/>); null where no step was made.</summary>
    public SeriesFile? Series { get; init; }

    /// <summary>Rates a rule chose, one a step; null for a rate plan.</summary>
    public IReadOnlyList<double>? Rates { get; init; }

    /// <summary>What was written; null where no output was asked for.</summary>
    public CheckpointWritten? Checkpoint { get; init; }

    public SegmentSeconds Seconds { get; init; } = new(0, 0, 0);
}

/// <summary>The request came to nothing.</summary>
public sealed record FailedReply : TrainerReply
{
    public required FailureKind Kind { get; init; }

    /// <summary>For people: what is wrong, where, what is allowed, what to do.</summary>
    public required string Message { get; init; }

    /// <summary>Diverged: the step (from the trial's start) whose batch fired the guard; it was not applied.</summary>
    public long? Step { get; init; }

    /// <summary>Diverged: the last finite loss of this segment; null: there was none.</summary>
    public double? LastFiniteLoss { get; init; }
}

/// <summary>What <c>--describe</c> prints.</summary>
public sealed record DescriptionReply : TrainerReply
{
    public required int Protocol { get; init; }
    public required TrainerIdentity Trainer { get; init; }
    public required bool Deterministic { get; init; }
    public required string Class { get; init; }
    public IReadOnlyList<WorkloadDescription> Workloads { get; init; } = [];
    public IReadOnlyList<DataSetDescription> Data { get; init; } = [];
    public IReadOnlyList<DataSetProblem>? Unusable { get; init; }

    /// <summary>The message that carries a description.</summary>
    public static DescriptionReply Of(TrainerDescription description)
    {
        ArgumentNullException.ThrowIfNull(description);
        return new()
        {
            Protocol = description.Protocol,
            Trainer = description.Trainer,
            Deterministic = description.Deterministic,
            Class = description.Class,
            Workloads = description.Workloads,
            Data = description.Data,
            Unusable = description.Unusable,
        };
    }

    /// <summary>The description that this message carries.</summary>
    public TrainerDescription ToDescription() => new()
    {
        Protocol = Protocol,
        Trainer = Trainer,
        Deterministic = Deterministic,
        Class = Class,
        Workloads = Workloads,
        Data = Data,
        Unusable = Unusable,
    };
}

/// <summary>Why a request failed; it decides what the agent does next.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<FailureKind>))]
public enum FailureKind
{
    /// <summary>Anything else: tried again, on another worker if there is one.</summary>
    Error,

    /// <summary>The guard fired: a result like any other, never tried again.</summary>
    Diverged,

    /// <summary>The device or the machine has no memory left.</summary>
    OutOfMemory,

    /// <summary>The request can never succeed: settings, plan, data or checkpoint are wrong.</summary>
    BadInput,

    /// <summary>A disk is full: the worker's fault, it is drained.</summary>
    NoSpace,
}

/// <summary>One validation.</summary>
/// <param name="Step">Updates made when it was taken, from the trial's start.</param>
/// <param name="Metrics">Finite values by name.</param>
/// <param name="NonFinite">Names of the values that are not finite; null: none.</param>
/// <param name="Samples">Samples that went forward through the model, so that the cost can be counted; null: none did, or unknown.</param>
public sealed record ValidationResult(
    long Step,
    IReadOnlyDictionary<string, double> Metrics,
    IReadOnlyList<string>? NonFinite = null,
    long? Samples = null);

/// <summary>A file of per-step values.</summary>
public sealed record SeriesFile(string Path, string Sha256);

/// <summary>A checkpoint that was written.</summary>
/// <param name="Sha256">SHA-256 of its bytes, 64 lower-case hexadecimal digits.</param>
/// <param name="Bytes">Its length.</param>
public sealed record CheckpointWritten(string Sha256, long Bytes);

/// <summary>Where a segment's wall time went.</summary>
/// <param name="Training">Steps.</param>
/// <param name="Evaluation">Validations.</param>
/// <param name="Checkpoint">Restoring and writing checkpoints.</param>
public sealed record SegmentSeconds(double Training, double Evaluation, double Checkpoint);

/// <summary>No metrics.</summary>
internal static class EmptyMetrics
{
    internal static IReadOnlyDictionary<string, double> Instance { get; } = new Dictionary<string, double>();
}
