using Orchestrator.Contracts.Leases;

namespace Orchestrator.Workers.Agent.Results;

/// <summary>A segment that has ended and is to be delivered.</summary>
/// <param name="Completion">What the silo is told.</param>
/// <param name="CheckpointFile">File of <see cref="Completion.Checkpoint"/> that is not kept yet; null = there is none.</param>
internal sealed record FinishedSegment(Completion Completion, string? CheckpointFile = null);
