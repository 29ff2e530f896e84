namespace Orchestrator.Workers.Agent.Checkpoints;

/// <summary>
/// A checkpoint to start from is nowhere to be had with the right bytes. Report no_parent as the worker's fault: the
/// silo recomputes it.
/// </summary>
internal sealed class CheckpointLostException(string message) : Exception(message);

/// <summary>A file is not the checkpoint it was said to be. Report it as the trainer's failure.</summary>
internal sealed class CheckpointMismatchException(string message) : Exception(message);
