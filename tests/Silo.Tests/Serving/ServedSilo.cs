using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using TemporaryFolder = Orchestrator.TestKit.TemporaryFolder;

[assembly: AssemblyFixture(typeof(ServedSilo))]

namespace Orchestrator.Silo.Tests.Serving;

/// <summary>
/// One silo for all tests that do it no harm, started by the first of them. Each test has a pool of its own, so that none
/// gets another's work; jobs that are only read are run once.
/// </summary>
public sealed class ServedSilo : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _finished = new();
    private readonly Lazy<Task<SiloUnderTest>> _silo;

    public ServedSilo() => _silo = new(() => SiloUnderTest.StartAsync(_folder.Path, SiloUnderTest.ShortLeases));

    public Task<SiloUnderTest> SiloAsync() => _silo.Value;

    /// <summary>A job of an algorithm that has run to its end; its id.</summary>
    public Task<string> FinishedAsync(string algorithm) => _finished.GetOrAdd(algorithm, _ => new(() => RunAsync(algorithm))).Value;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_silo.IsValueCreated)
        {
            await (await _silo.Value).DisposeAsync();
        }

        _folder.Dispose();
    }

    private async Task<string> RunAsync(string algorithm)
    {
        string pool = $"finished-{algorithm}";
        JsonObject job = algorithm switch
        {
            "fixed" => QuadraticJobs.Fixed(pool),
            "slopes" => QuadraticJobs.Slopes(pool),
            "autolrs" => QuadraticJobs.AutoLrs(pool),
            "autolrs-reference" => QuadraticJobs.Reference(pool),
            _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "There is no such job."),
        };
        SiloUnderTest silo = await SiloAsync();
        return (await JobRun.ToEndAsync(silo, pool, job)).Job;
    }
}
