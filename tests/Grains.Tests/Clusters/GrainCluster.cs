using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Pools;
using Orchestrator.Grains.Storage;
using Orchestrator.TestKit.Storage;
using Orleans;
using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.TestingHost;

namespace Orchestrator.Grains.Tests.Clusters;

/// <summary>
/// The grains on a real silo, with a clock that stands still until a test moves it. One cluster serves all tests, since
/// grains are told apart by their keys.
/// </summary>
public sealed class GrainCluster : IAsyncLifetime
{
    private InProcessTestCluster? _cluster;

    internal WatchedJobStore Store { get; } = new(new InMemoryJobStore());

    internal InMemoryBlobStore Blobs { get; } = new();

    internal CountedMetrics Metrics { get; } = new();

    internal FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    internal LeaseTokens Tokens { get; } = new(new byte[32]);

    internal InProcessTestCluster Cluster => _cluster!;

    /// <summary>Calls of grains by interface and method, e.g. IBayesianOptimizationGrain.DecideAsync.</summary>
    internal ConcurrentDictionary<string, int> Calls { get; } = new();

    internal IGrainFactory Grains => _cluster!.Client;

    public async ValueTask InitializeAsync()
    {
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSingleton<TimeProvider>(Clock);
            silo.Services.UseTimeProviderForBackgroundAreas(TimeProvider.System);
            silo.Services.AddSingleton<IJobStore>(Store);
            silo.Services.AddSingleton<IBlobStore>(Blobs);
            silo.Services.AddSingleton<IJobMetrics>(Metrics);
            silo.Services.AddSingleton(Tokens);
            silo.Services.AddSingleton(new PoolOptions());
            silo.AddIncomingGrainCallFilter(context =>
            {
                // Counted when it has come to wait for something, or has ended.
                Task call = context.Invoke();
                Calls.AddOrUpdate($"{context.InterfaceMethod.DeclaringType?.Name}.{context.InterfaceMethod.Name}", 1, (_, before) => before + 1);
                return call;
            });
            Serialize(silo.Services);
        });
        builder.ConfigureClient(client => Serialize(client.Services));
        _cluster = builder.Build();
        await _cluster.DeployAsync();
    }

    public async ValueTask DisposeAsync() => await _cluster!.DisposeAsync();

    /// <summary>Moves the clock in small steps, so that what waits for one moment may set the next.</summary>
    internal async Task AdvanceAsync(TimeSpan time)
    {
        TimeSpan step = TimeSpan.FromSeconds(1);
        for (TimeSpan left = time; left > TimeSpan.Zero; left -= step)
        {
            Clock.Advance(left < step ? left : step);
            await Task.Yield();
        }
    }

    /// <summary>Starts a call of a grain and returns when it has arrived there.</summary>
    internal async Task<Task<T>> BeginAsync<T>(string method, Func<Task<T>> call)
    {
        int before = Calls.GetValueOrDefault(method);
        Task<T> begun = call();
        await UntilAsync(() => Task.FromResult(Calls.GetValueOrDefault(method) > before));
        return begun;
    }

    /// <summary>Moves the clock on and on until something is so.</summary>
    internal async Task UntilAsync(Func<Task<bool>> condition, TimeSpan? step = null)
    {
        using var hangs = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition())
        {
            Assert.False(hangs.IsCancellationRequested, "It hangs.");
            Clock.Advance(step ?? TimeSpan.Zero);
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>As the silo does.</summary>
    private static void Serialize(IServiceCollection services)
    {
        services.Configure<ExceptionSerializationOptions>(exceptions => exceptions.SupportedNamespacePrefixes.Add("Orchestrator"));
        services.AddSerializer(serializer => serializer.AddJsonSerializer(
            isSupported: static type => type.Namespace?.StartsWith("Orchestrator.", StringComparison.Ordinal) == true && !type.IsSubclassOf(typeof(Exception)),
            WireJson.Options));
    }
}

/// <summary>Meters that a test can read.</summary>
internal sealed class CountedMetrics : IJobMetrics
{
    public ConcurrentQueue<string> Ended { get; } = new();

    public ConcurrentDictionary<string, double> Steps { get; } = new();

    public int Decisions { get; private set; }

    public void JobStatusChanged(JobStatus? before, JobStatus? after)
    {
    }

    public void SegmentEnded(string outcome) => Ended.Enqueue(outcome);

    public void StepsAdded(string purse, double steps) => Steps.AddOrUpdate(purse, steps, (_, before) => before + steps);

    public void DecisionMade(double seconds) => Decisions++;

    public void LiveValues(string job, double? loss, double? rate)
    {
    }

    public void JobGone(string job)
    {
    }
}

/// <summary>Tests that share the cluster run one after the other: its clock is one.</summary>
[CollectionDefinition(Name)]
public sealed class OneCluster : ICollectionFixture<GrainCluster>
{
    public const string Name = "one cluster";
}
