namespace Orchestrator.Workers.Agent.Trainers;

/// <summary>This worker will never run the segment as it stands: report bad_input, which is not tried again.</summary>
internal sealed class SegmentRefusedException(string message) : Exception(message);
