using System.Text.Json.Nodes;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Pools;
using Orchestrator.Grains.Tests.Driving;

namespace Orchestrator.Grains.Tests.Clusters;

/// <summary>Jobs and pools of a test, under names of their own.</summary>
internal sealed class TestJobs(GrainCluster cluster, string test)
{
    private static int _tests;

    public string Pool { get; } = $"{test}-{Interlocked.Increment(ref _tests)}";

    public IPoolGrain PoolGrain => cluster.Grains.GetGrain<IPoolGrain>(Pool);

    /// <summary>A job of this test's pool.</summary>
    public IJobGrain Job(int number = 0) => cluster.Grains.GetGrain<IJobGrain>(Id(number));

    public string Id(int number = 0) => $"{Pool}-job{number}";

    public TestAgent Agent(string name = "w", string instance = "i1", int slots = 1) => new(cluster, Pool, name, instance, slots);

    /// <summary>A job in two segments of ten steps, submitted to this test's pool.</summary>
    public Task<SubmitReply> SubmitAsync(JsonObject? file = null, int number = 0) =>
        Job(number).SubmitAsync(new JobSubmission("local", File(file ?? JobFiles.Fixed(steps: 20).With("segmentSteps", 10)).ToJsonString()));

    public JsonObject File(JsonObject file) => file.With("resources.pool", Pool);

    public async Task<JobView> ViewAsync(int number = 0) => (await Job(number).ViewAsync())!;
}
