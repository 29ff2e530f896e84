using System.Text.Json.Nodes;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Contracts.Leases;

/// <summary>Everything a worker needs to run one segment.</summary>
public sealed record SegmentWork
{
    /// <summary>The job's id.</summary>
    public required string Job { get; init; }

    /// <summary>Number of the segment within its job, dense from 0.</summary>
    public required int Segment { get; init; }

    /// <summary>Identity of the segment: lower-case hex SHA-256 (<see cref="SegmentIdentity"/>).</summary>
    public required string Identity { get; init; }

    /// <summary>Which trainer, and the limits it is held to.</summary>
    public required TrainerSelection Trainer { get; init; }

    /// <summary>Settings of the job with the trial's overrides applied.</summary>
    public required JsonObject Settings { get; init; }

    /// <summary>Seed of the job.</summary>
    public required long Seed { get; init; }

    /// <summary>Checkpoint to start from; null = initialise from the seed.</summary>
    public BlobReference? Parent { get; init; }

    /// <summary>Whether a checkpoint of the end is wanted.</summary>
    public required bool Output { get; init; }

    /// <summary>Step of the trial at which it starts.</summary>
    public required long Start { get; init; }

    /// <summary>Optimiser updates to make; 0 = evaluate only.</summary>
    public required long Steps { get; init; }

    /// <summary>The rate of each step.</summary>
    public required RatePlan Plan { get; init; }

    /// <summary>When to validate; null = never.</summary>
    public ValidationRequest? Validate { get; init; }

    /// <summary>When to give up as diverged; null = non-finite values only.</summary>
    public DivergenceLimits? Guard { get; init; }

    /// <summary>Digest of the trainer this job was placed on.</summary>
    public required string TrainerDigest { get; init; }

    /// <summary>Digest of the data set this job was placed on; empty where the trainer names none.</summary>
    public required string DataDigest { get; init; }

    /// <summary>Numeric class this job was placed on.</summary>
    public required string Class { get; init; }

    /// <summary>Labels that its worker must carry; null = none.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
}

/// <summary>A content-addressed blob.</summary>
/// <param name="Sha256">Lower-case hex SHA-256 of the bytes.</param>
/// <param name="Bytes">Length.</param>
public sealed record BlobReference(string Sha256, long Bytes)
{
    /// <summary>Whether a text is an address of a blob, a SHA-256 in lower-case hexadecimal digits: what becomes part of a path must be.</summary>
    public static bool IsAddress(string? text) => text is { Length: 64 } && text.All(char.IsAsciiHexDigitLower);
}

/// <summary>Which trainer a job asks for: exactly one of workload, name and command.</summary>
public sealed record TrainerSelection
{
    /// <summary>A workload of the built-in trainer.</summary>
    public string? Workload { get; init; }

    /// <summary>A trainer that the agents' operators configured under this name.</summary>
    public string? Name { get; init; }

    /// <summary>A program and its arguments; only on agents started with --allow-command.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Files whose bytes enter a command's digest.</summary>
    public IReadOnlyList<string>? Files { get; init; }

    /// <summary>A version that enters a command's digest.</summary>
    public string? Version { get; init; }

    /// <summary>Threads of the trainer; belongs to the job because it is part of the numeric class.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Seconds of silence after which a trainer counts as hung.</summary>
    public double HangSeconds { get; init; } = 120;

    /// <summary>Most bytes of resident memory a trainer may take; null = no limit.</summary>
    public long? MemoryBytes { get; init; }
}
