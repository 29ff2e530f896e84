using System.Collections.Immutable;
using System.Text.Json;
using Orchestrator.Bo.Searches;

namespace Orchestrator.Grains.Tests.Driving;

/// <summary>State of a <see cref="ScriptedSearch"/>: what it planned, and what it observed, in order.</summary>
internal sealed record ScriptedState(int Planned, ImmutableArray<Observation> Seen, bool Ended) : SearchState;

/// <summary>
/// A search that plans what a test tells it: before each observation, the waves that are due. It ends when all was
/// observed, with the last stretch that succeeded.
/// </summary>
/// <param name="waves">Stretches to plan after so many observations.</param>
internal sealed class ScriptedSearch(params (int After, Stretch[] Stretches)[] waves) : ISearch
{
    public SearchState Initial { get; } = new ScriptedState(0, [], false);

    public bool IsCostly(SearchState state) => false;

    public Observation Digest(SearchState state, StretchResult result) =>
        new(result.Stretch, result.Outcome, null, null, null, result.Losses.Count == 0 ? null : result.Losses.Average());

    public SearchState Apply(SearchState state, SearchEvent e)
    {
        var now = (ScriptedState)state;
        return e switch
        {
            Decided { Decision: PlanStretch } => now with { Planned = now.Planned + 1 },
            Decided { Decision: CompleteSearch } => now with { Ended = true },
            Observed observed => now with { Seen = now.Seen.Add(observed.Observation) },
            _ => throw new InvalidOperationException($"{e} cannot follow."),
        };
    }

    public IReadOnlyList<SearchDecision> Decide(SearchState state)
    {
        var now = (ScriptedState)state;
        Stretch[] due = [.. waves.Where(wave => wave.After <= now.Seen.Length).SelectMany(wave => wave.Stretches).Skip(now.Planned)];
        bool over = due.Length == 0 && now.Seen.Length == now.Planned && !now.Ended;
        return over
            ? [new CompleteSearch(now.Seen.Last(seen => seen.Outcome == StretchOutcome.Succeeded).Stretch, "All was observed.")]
            : [.. due.Select(stretch => new PlanStretch(stretch))];
    }

    public string Save(SearchState state) => JsonSerializer.Serialize((ScriptedState)state);

    public SearchState Load(string json) => JsonSerializer.Deserialize<ScriptedState>(json)!;

    /// <summary>A stretch on the path at one rate.</summary>
    public static Stretch Stretch(int number, int? parent, long start, long steps, double rate = 0.05, StretchRole role = StretchRole.Path) => new(
        number, parent, start, steps, [new Bo.Schedules.RateRun(steps, rate, rate)], 0, role, null, 0, false, true, 0, "For a test.");
}
