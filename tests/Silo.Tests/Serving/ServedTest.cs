using System.Text.Json.Nodes;
using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Serving;

/// <summary>A test against the silo that tests share, with a pool of its own.</summary>
public abstract class ServedTest(ServedSilo served) : PooledTest
{
    protected ServedSilo Served => served;

    protected override Task<SiloUnderTest> FindSiloAsync() => served.SiloAsync();
}

/// <summary>A test against a silo that others use, too, with a pool of its own, so that none gets another's work.</summary>
public abstract class PooledTest : IAsyncLifetime
{
    private readonly List<ProtocolWorker> _workers = [];

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected SiloUnderTest Silo { get; private set; } = null!;

    protected HttpClient Http => Silo.Http;

    protected string Pool { get; } = $"pool-{Guid.NewGuid():N}";

    public virtual async ValueTask InitializeAsync() => Silo = await FindSiloAsync();

    public virtual ValueTask DisposeAsync()
    {
        _workers.ForEach(worker => worker.Dispose());
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    protected abstract Task<SiloUnderTest> FindSiloAsync();

    protected Task<JobView> SubmitAsync(JsonObject job, string? key = null) => JobRun.SubmitAsync(Silo, job, key);

    protected Task<JobView> ViewAsync(string job) => Silo.Api.GetAsync(job, Ct);

    /// <summary>A worker of the test's pool that the silo does not know yet.</summary>
    protected ProtocolWorker NewWorker(string name = "worker", int slots = 1)
    {
        var worker = new ProtocolWorker(() => Silo.Address, Pool, name, slots);
        _workers.Add(worker);
        return worker;
    }

    /// <summary>A worker of the test's pool.</summary>
    protected async Task<ProtocolWorker> WorkerAsync(string name = "worker", int slots = 1)
    {
        ProtocolWorker worker = NewWorker(name, slots);
        await worker.RegisterAsync();
        return worker;
    }
}
