using Orchestrator.Bo.Searches;

namespace Orchestrator.Grains.Tests.Driving;

/// <summary>A search that may be replayed, and must not be asked to decide: history decides nothing.</summary>
internal sealed class ReplayOnly(ISearch search) : ISearch
{
    public SearchState Initial => search.Initial;

    public bool IsCostly(SearchState state) => throw Forbidden();

    public Observation Digest(SearchState state, StretchResult result) => throw Forbidden();

    public SearchState Apply(SearchState state, SearchEvent e) => search.Apply(state, e);

    public IReadOnlyList<SearchDecision> Decide(SearchState state) => throw Forbidden();

    public string Save(SearchState state) => search.Save(state);

    public SearchState Load(string json) => search.Load(json);

    private static InvalidOperationException Forbidden() => new("A search was asked to decide on history.");
}
