using Orchestrator.Contracts.Client;

namespace Orchestrator.Silo.Storage;

/// <summary>A store that cannot be opened as it is: show the message, which says what to do, and do not start.</summary>
public sealed class StoreRefusedException(string message, Exception? inner = null) : OrchestratorException(message, inner);
