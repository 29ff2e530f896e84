using Orchestrator.Grains.Storage;
using Orchestrator.TestKit.Storage;

namespace Orchestrator.Grains.Tests.Storage;

/// <summary>The store that tests of grains use does what every job store does.</summary>
public sealed class InMemoryJobStoreTests : JobStoreContract
{
    private readonly InMemoryJobStore _store = new();

    protected override Task<IJobStore> OpenAsync() => Task.FromResult<IJobStore>(_store);

    protected override Task CloseAsync(IJobStore store) => Task.CompletedTask;

    protected override Task CleanAsync() => Task.CompletedTask;
}

/// <summary>The same for blobs.</summary>
public sealed class InMemoryBlobStoreTests : BlobStoreContract
{
    private readonly InMemoryBlobStore _store = new();

    protected override Task<IBlobStore> OpenAsync() => Task.FromResult<IBlobStore>(_store);

    protected override Task CleanAsync() => Task.CompletedTask;

    protected override Task DamageAsync(string sha256)
    {
        _store.Damage(sha256);
        return Task.CompletedTask;
    }
}
