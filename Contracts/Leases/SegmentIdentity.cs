using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Contracts.Leases;

/// <summary>
/// What makes two segments the same work. The identity is the lower-case hex SHA-256 of the canonical JSON of these
/// fields. It hashes lineage, not bytes: parents are identities, and the checkpoint's hash belongs to the result.
/// </summary>
public sealed record SegmentIdentity
{
    /// <summary>Parent of a segment that starts from the initial weights.</summary>
    public const string Init = "init";

    /// <summary>Version of this form.</summary>
    public int V { get; init; } = 1;

    /// <summary>train; evaluate for a segment of no steps.</summary>
    public required string Kind { get; init; }

    /// <summary>Identities of the parents in order, or "init".</summary>
    public required IReadOnlyList<string> Parents { get; init; }

    /// <summary>Step of the trial at which it starts.</summary>
    public required long Start { get; init; }

    /// <summary>Optimiser updates.</summary>
    public required long Steps { get; init; }

    /// <summary>The rates, trimmed to the runs it touches.</summary>
    public required RatePlan Plan { get; init; }

    /// <summary>Settings of the job with the trial's overrides applied.</summary>
    public required JsonObject Settings { get; init; }

    /// <summary>Seed of the job.</summary>
    public required long Seed { get; init; }

    /// <summary>Part of the data, for federated jobs.</summary>
    public DataShard? Shard { get; init; }

    /// <summary>When it is given up.</summary>
    public DivergenceLimits? Guard { get; init; }

    /// <summary>When it validates.</summary>
    public ValidationRequest? Validate { get; init; }

    /// <summary>Digest of the trainer.</summary>
    public required string Trainer { get; init; }

    /// <summary>Its workload, where a trainer of one digest has several.</summary>
    public string? Workload { get; init; }

    /// <summary>Digest of the data.</summary>
    public required string Data { get; init; }

    /// <summary>Numeric class.</summary>
    public required string Class { get; init; }

    /// <summary>Lower-case hex SHA-256 of the canonical JSON.</summary>
    public string Hash() =>
        Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Write(JsonSerializer.SerializeToNode(this, WireJson.Options))));
}
