using System.Text.Json.Serialization;

namespace Orchestrator.Bo.Searches;

/// <summary>What a search's state is made of: its own decisions, and what it observed, in the order they were stored.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(Decided), "decided")]
[JsonDerivedType(typeof(Observed), "observed")]
public abstract record SearchEvent;

/// <summary>A decision of the search was stored.</summary>
public sealed record Decided(SearchDecision Decision) : SearchEvent;

/// <summary>A stretch ended and was delivered to the search, in planned order.</summary>
public sealed record Observed(Observation Observation) : SearchEvent;

/// <summary>
/// What a search learns from a finished stretch: a few numbers, never a series, so that neither events nor
/// state grow with its length. Non-finite values are never stored: they are null.
/// </summary>
/// <param name="Stretch">Plan number of the stretch.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Value">What the search made of the series (a mean, a forecast); null when there is nothing to say.</param>
/// <param name="Deviation">Standard deviation of <see cref="Value"/>; null = unknown.</param>
/// <param name="First">First loss of the signal; null = unknown.</param>
/// <param name="Last">Mean of the last losses of the signal; null = unknown.</param>
/// <param name="Curve">The signal as at most eight means of equal blocks, where a search compares curves; of one block, its mean at its steps; null = not kept.</param>
public sealed record Observation(
    int Stretch,
    StretchOutcome Outcome,
    double? Value,
    double? Deviation,
    double? First,
    double? Last,
    IReadOnlyList<Forecasting.LossPoint>? Curve = null);
