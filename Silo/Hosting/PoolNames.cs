using Orchestrator.Grains.Storage;

namespace Orchestrator.Silo.Hosting;

/// <summary>Which pools there are: those that workers were ever registered in, and the default one.</summary>
internal static class PoolNames
{
    private const string Default = "default";

    /// <summary>Their names in order.</summary>
    public static async Task<IEnumerable<string>> AllAsync(IJobStore store, CancellationToken ct) =>
        (await store.WorkersAsync(null, ct)).Select(worker => worker.Pool).Append(Default).Distinct().Order(StringComparer.Ordinal);
}
