namespace Orchestrator.Bo.Searches;

/// <summary>
/// A schedule search as pure functions. Whoever drives it decides on the state, stores the decisions as events,
/// and applies them; observations are delivered one at a time in planned order (<see cref="PlannedOrder"/>), and
/// <see cref="Decide"/> runs after each. On replay only <see cref="Apply"/> runs.
/// </summary>
public interface ISearch
{
    /// <summary>The state before anything was decided.</summary>
    SearchState Initial { get; }

    /// <summary>Whether <see cref="Decide"/> may take long enough in this state (a model fit) to be run off the caller's turn.</summary>
    bool IsCostly(SearchState state);

    /// <summary>Reduces a finished stretch to the few numbers this search needs. Never throws on odd series.</summary>
    Observation Digest(SearchState state, StretchResult result);

    /// <summary>The state after an event. Throws <see cref="InvalidOperationException"/> if the event cannot follow.</summary>
    SearchState Apply(SearchState state, SearchEvent e);

    /// <summary>
    /// What to do now; empty while there is something to wait for. The same state gives the same decisions. A stretch off the
    /// path whose stage lies two before the last one chosen can be started from only if something kept descends from it.
    /// </summary>
    IReadOnlyList<SearchDecision> Decide(SearchState state);

    /// <summary>The state as JSON, for a snapshot.</summary>
    string Save(SearchState state);

    /// <summary>The state of a snapshot.</summary>
    SearchState Load(string json);
}

/// <summary>Immutable state of a search; each search has its own.</summary>
public abstract record SearchState;
