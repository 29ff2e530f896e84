using System.Text.Json;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Jobs;
using Orleans;
using Orleans.Concurrency;

namespace Orchestrator.Grains.Optimization;

/// <inheritdoc cref="IBayesianOptimizationGrain"/>
[GrainType("optimization"), StatelessWorker]
public sealed class BayesianOptimizationGrain : Grain, IBayesianOptimizationGrain
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<SearchDecision>> DecideAsync(string spec, string state)
    {
        using JsonDocument document = JsonDocument.Parse(spec);
        JobSpec job = JobSpecReader.Read(document.RootElement).Spec
            ?? throw new ArgumentException("The job file is not valid; it was when the job was submitted.", nameof(spec));
        ISearch search = SearchFactory.Create(job);
        return await Task.Run(() => search.Decide(search.Load(state)));
    }
}
