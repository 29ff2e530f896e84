namespace Orchestrator.Silo.Storage;

/// <summary>What a store tells of itself. Calls are cheap and never throw.</summary>
public interface IStoreMetrics
{
    /// <summary>A write became durable.</summary>
    /// <param name="latency">From the caller's request to the durable commit.</param>
    void Committed(TimeSpan latency);

    /// <summary>A transaction ended.</summary>
    /// <param name="writes">Writes it carried.</param>
    void TransactionEnded(int writes);
}
