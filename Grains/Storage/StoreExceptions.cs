using Orchestrator.Contracts.Client;

namespace Orchestrator.Grains.Storage;

/// <summary>Somebody else wrote the job since it was read: forget what is in memory, and read again.</summary>
public sealed class StaleJobException(string job, long expected)
    : OrchestratorException($"Job {job} is no longer at sequence {expected}: another activation wrote it.");

/// <summary>The disk under a store is full: nothing was written; wait for room and do the same again.</summary>
public sealed class StoreFullException(string what, Exception? inner = null)
    : OrchestratorException($"No room left for {what}. Free some space; the job goes on by itself.", inner);

/// <summary>The store failed and the outcome is unknown: deactivate, read again, and let the caller repeat its command.</summary>
public sealed class StoreUnavailableException(string what, Exception inner)
    : OrchestratorException($"The store failed at {what}: {inner.Message}", inner);

/// <summary>Bytes that do not have the hash they were announced with: refuse them.</summary>
public sealed class BlobMismatchException(string expected, string actual)
    : OrchestratorException($"The bytes have SHA-256 {actual}, not {expected} as announced: they were changed on the way.");
