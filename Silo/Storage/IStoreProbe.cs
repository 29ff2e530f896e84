namespace Orchestrator.Silo.Storage;

/// <summary>Asks a store whether it works.</summary>
internal interface IStoreProbe
{
    /// <summary>Reads and durably writes something that means nothing; throws what the store's other methods would.</summary>
    Task ProbeAsync(CancellationToken ct);
}
