using System.Text.Json;

namespace Orchestrator.Bo.Searches;

/// <summary>
/// What all searches share: <see cref="Decide"/> as small steps that are repeated until there is something to wait
/// for, and states that are plain records, so that their JSON is their snapshot.
/// </summary>
/// <typeparam name="TState">The search's immutable state; serialises with System.Text.Json without converters.</typeparam>
public abstract class Search<TState> : ISearch
    where TState : SearchState
{
    /// <inheritdoc/>
    public abstract SearchState Initial { get; }

    /// <inheritdoc/>
    public bool IsCostly(SearchState state) => IsCostly(Own(state));

    /// <inheritdoc/>
    public Observation Digest(SearchState state, StretchResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return Digest(Own(state), result);
    }

    /// <inheritdoc/>
    public SearchState Apply(SearchState state, SearchEvent e) => Next(Own(state), e);

    /// <inheritdoc/>
    public IReadOnlyList<SearchDecision> Decide(SearchState state)
    {
        TState now = Own(state);
        var decisions = new List<SearchDecision>();
        while (true)
        {
            IReadOnlyList<SearchDecision> step = DecideStep(now);
            if (step.Count == 0)
            {
                return decisions;
            }

            decisions.AddRange(step);
            now = step.Aggregate(now, (current, decision) => Next(current, new Decided(decision)));
        }
    }

    /// <inheritdoc/>
    public string Save(SearchState state) => JsonSerializer.Serialize(Own(state));

    /// <inheritdoc/>
    public SearchState Load(string json) => JsonSerializer.Deserialize<TState>(json)
        ?? throw new JsonException("The snapshot of a search is empty.");

    /// <inheritdoc cref="ISearch.IsCostly"/>
    private protected virtual bool IsCostly(TState state) => false;

    /// <inheritdoc cref="ISearch.Digest"/>
    private protected abstract Observation Digest(TState state, StretchResult result);

    /// <summary>The next decisions that belong together; empty when there is something to wait for, or nothing left.</summary>
    private protected abstract IReadOnlyList<SearchDecision> DecideStep(TState state);

    /// <summary>The state after a decision of <see cref="DecideStep"/>.</summary>
    private protected abstract TState Apply(TState state, SearchDecision decision);

    /// <summary>The state after an observation.</summary>
    private protected abstract TState Apply(TState state, Observation observation);

    /// <summary>What to throw when an event cannot follow on a state: history and code do not belong together.</summary>
    private protected static InvalidOperationException CannotFollow(object what) =>
        new($"{what.GetType().Name} cannot follow here: the stored events are not of this search. Nothing was changed.");

    private TState Next(TState state, SearchEvent e) => e switch
    {
        Decided decided => Apply(state, decided.Decision),
        Observed observed => Apply(state, observed.Observation),
        _ => throw CannotFollow(e),
    };

    private static TState Own(SearchState state) => state as TState
        ?? throw new ArgumentException($"The state is of {state?.GetType().Name ?? "nothing"}, not of this search.", nameof(state));
}
