using Orleans;
using Orleans.Concurrency;

namespace Orchestrator.Grains.Optimization;

/// <summary>
/// Runs model fits off the turn of the job that needs them, on as many activations as there are cores. It keeps
/// nothing: the state comes in, the decisions go out, and the job stores them.
/// </summary>
[Alias("orchestrator.IBayesianOptimizationGrain")]
public interface IBayesianOptimizationGrain : IGrainWithIntegerKey
{
    /// <summary>What the search of a job decides in a state.</summary>
    /// <param name="spec">The job file as JSON.</param>
    /// <param name="state">The search's state as it saves it.</param>
    [Alias("decide"), ResponseTimeout("00:05:00")]
    Task<IReadOnlyList<Bo.Searches.SearchDecision>> DecideAsync(string spec, string state);
}
