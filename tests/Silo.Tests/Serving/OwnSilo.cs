using TemporaryFolder = Orchestrator.TestKit.TemporaryFolder;

namespace Orchestrator.Silo.Tests.Serving;

/// <summary>A silo that the tests of one class have to themselves.</summary>
public abstract class OwnSilo(params IReadOnlyList<string> options) : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public SiloUnderTest Silo { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Silo = await SiloUnderTest.StartAsync(_folder.Path, options);

    public async ValueTask DisposeAsync()
    {
        if (Silo is not null)
        {
            await Silo.DisposeAsync();
        }

        _folder.Dispose();
        GC.SuppressFinalize(this);
    }
}
