using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Agent.Slots;

/// <summary>What a slot is doing.</summary>
internal enum SlotPhase
{
    /// <summary>No process, nothing to do.</summary>
    Empty,

    /// <summary>A process waits, opened, for its next segment.</summary>
    Warm,

    /// <summary>A process was started and asked to open.</summary>
    Opening,

    /// <summary>A segment runs.</summary>
    Training,
}

/// <summary>State of a slot; times are since an arbitrary origin.</summary>
internal sealed record SlotState
{
    /// <summary>A slot that never ran anything.</summary>
    internal static SlotState Initial { get; } = new();

    /// <summary>What it is doing.</summary>
    internal SlotPhase Phase { get; init; }

    /// <summary>Number of the current process, or of the last one.</summary>
    internal int Generation { get; init; }

    /// <summary><see cref="TrainerOpening.Key"/> of the current process; null without one.</summary>
    internal string? OpenKey { get; init; }

    /// <summary>The segment being run; null while Empty or Warm.</summary>
    internal Assignment? Assignment { get; init; }

    /// <summary>Id of the request whose answer is awaited; requests count up.</summary>
    internal long Request { get; init; }

    /// <summary>When the trainer was last heard, or was given something to do.</summary>
    internal TimeSpan Heard { get; init; }

    /// <summary>Steps of the segment the trainer reported.</summary>
    internal long Steps { get; init; }

    /// <summary>Why the segment is to stop; null = it is not.</summary>
    internal StopReason? Stop { get; init; }

    /// <summary>When a trainer that was told to stop is killed.</summary>
    internal TimeSpan StopBy { get; init; }
}
