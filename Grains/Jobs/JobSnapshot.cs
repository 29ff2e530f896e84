using System.Text.Json;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts;

namespace Orchestrator.Grains.Jobs;

/// <summary>A job's state as text, so that replay need not begin at the first event.</summary>
public static class JobSnapshot
{
    /// <summary>The snapshot of a state.</summary>
    public static string Save(JobState state, ISearch search) =>
        JsonSerializer.Serialize(new Snapshot(state, state.Search is null ? null : search.Save(state.Search)), WireJson.Options);

    /// <summary>The state of a snapshot.</summary>
    public static JobState Load(string text, ISearch search)
    {
        Snapshot snapshot = JsonSerializer.Deserialize<Snapshot>(text, WireJson.Options)!;
        return snapshot.State.Indexed() with { Search = snapshot.Search is null ? null : search.Load(snapshot.Search) };
    }

    private sealed record Snapshot(JobState State, string? Search);
}
