using System.Text.Json.Nodes;
using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit.Workers;
using TemporaryFolder = Orchestrator.TestKit.TemporaryFolder;

namespace Orchestrator.Silo.Tests.Serving;

/// <summary>A test that does its silo harm, and so has one of its own.</summary>
public abstract class OwnSiloTest : IAsyncLifetime
{
    protected const string Pool = "default";

    private readonly List<ProtocolWorker> _workers = [];

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected TemporaryFolder Folder { get; } = new();

    protected SiloUnderTest Silo { get; set; } = null!;

    protected HttpClient Http => Silo.Http;

    /// <summary>What it is started with.</summary>
    protected virtual IReadOnlyList<string> Options => SiloUnderTest.ShortLeases;

    public virtual async ValueTask InitializeAsync() => Silo = await SiloUnderTest.StartAsync(Folder.Path, Options);

    public virtual async ValueTask DisposeAsync()
    {
        if (Silo is not null)
        {
            await Silo.DisposeAsync();
            TestContext.Current.TestOutputHelper?.WriteLine(Silo.Output);
        }

        _workers.ForEach(worker => worker.Dispose());
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    protected Task<JobView> SubmitAsync(JsonObject job) => JobRun.SubmitAsync(Silo, job);

    protected Task<JobView> ViewAsync(string job) => Silo.Api.GetAsync(job, Ct);

    protected ProtocolWorker NewWorker(string name = "worker", int slots = 1)
    {
        var worker = new ProtocolWorker(() => Silo.Address, Pool, name, slots);
        _workers.Add(worker);
        return worker;
    }

    protected async Task<ProtocolWorker> WorkerAsync(string name = "worker", int slots = 1)
    {
        ProtocolWorker worker = NewWorker(name, slots);
        await worker.RegisterAsync();
        return worker;
    }
}
