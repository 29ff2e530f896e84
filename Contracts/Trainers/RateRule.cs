using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orchestrator.Contracts.Trainers;

/// <summary>
/// A rule that adapts the rate inside the trainer: <c>{ "rule": name, "initial", "min", "max", "settings" }</c>. The
/// rates in force must lie within [min, max].
/// </summary>
[JsonConverter(typeof(RateRuleConverter))]
public sealed record RateRule : SegmentRates
{
    /// <summary>Name of the rule, one of the workload's.</summary>
    public required string Rule { get; init; }

    /// <summary>First rate.</summary>
    public required double Initial { get; init; }

    /// <summary>Smallest rate.</summary>
    public required double Min { get; init; }

    /// <summary>Largest rate.</summary>
    public required double Max { get; init; }

    /// <summary>The rule's own settings.</summary>
    public IReadOnlyDictionary<string, JsonElement> Settings { get; init; } = EmptySettings.Instance;
}
