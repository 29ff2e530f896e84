using System.Text.Json;

namespace Orchestrator.Contracts.Trainers;

/// <summary>What a trainer can do here: agents register it, submissions are checked against it.</summary>
public sealed record TrainerDescription
{
    /// <summary>Protocol version, <see cref="TrainerProtocol.Version"/>.</summary>
    public required int Protocol { get; init; }

    public required TrainerIdentity Trainer { get; init; }

    /// <summary>Whether equal segments give equal bytes within <see cref="Class"/>.</summary>
    public required bool Deterministic { get; init; }

    /// <summary>Numeric class, such as <c>cpu-x64-avx2-t1-libtorch2.10</c> (<see cref="NumericClass"/>).</summary>
    public required string Class { get; init; }

    public IReadOnlyList<WorkloadDescription> Workloads { get; init; } = [];

    public IReadOnlyList<DataSetDescription> Data { get; init; } = [];

    /// <summary>Folders that hold a part of a data set, or a damaged one; null = none. For messages only.</summary>
    public IReadOnlyList<DataSetProblem>? Unusable { get; init; }
}

/// <summary>Which program it is.</summary>
/// <param name="Name">Name, for people.</param>
/// <param name="Version">Version, for people.</param>
/// <param name="Digest">Changes whenever the program may compute something else.</param>
public sealed record TrainerIdentity(string Name, string Version, string Digest);

/// <summary>A kind of training a trainer offers.</summary>
public sealed record WorkloadDescription
{
    public required string Name { get; init; }

    /// <summary>JSON Schema (draft 2020-12) of the settings.</summary>
    public required JsonElement Settings { get; init; }

    /// <summary>Names of the metrics that its validations report.</summary>
    public IReadOnlyList<string> Metrics { get; init; } = [];

    /// <summary>Names of the rate rules it knows.</summary>
    public IReadOnlyList<string> Rules { get; init; } = [];

    /// <summary>What it can do beyond training; <see cref="TrainerCapabilities"/> has those that count.</summary>
    public IReadOnlyList<string> Capabilities { get; init; } = [];
}

/// <summary>Names in <see cref="WorkloadDescription.Capabilities"/>.</summary>
public static class TrainerCapabilities
{
    /// <summary>Its guard heeds <see cref="DivergenceLimits.EarlierLosses"/>: a guarded segment may be cut.</summary>
    public const string EarlierLosses = "earlier-losses";
}

/// <summary>A data set that was found.</summary>
/// <param name="Name">Name of its folder.</param>
/// <param name="Digest">SHA-256 over its files.</param>
/// <param name="Samples">Samples of all splits (images), or bytes (text).</param>
public sealed record DataSetDescription(string Name, string Digest, long Samples);

/// <summary>A data set that was found and cannot be used.</summary>
/// <param name="Name">Name of its folder.</param>
/// <param name="Problem">Which file, what was expected, and what to do.</param>
public sealed record DataSetProblem(string Name, string Problem);
