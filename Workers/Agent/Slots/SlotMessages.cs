using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Agent.Slots;

/// <summary>Something that happened to a slot. Generations count its trainer processes, so that the late words of a
/// process that was given up are told from those of its successor.</summary>
internal abstract record SlotInput
{
    /// <summary>A segment to run; only while none is running.</summary>
    internal sealed record Assigned(Assignment Assignment) : SlotInput;

    /// <summary>The running segment is to stop.</summary>
    internal sealed record StopAsked(StopReason Reason) : SlotInput;

    /// <summary>A protocol message.</summary>
    internal sealed record Heard(int Generation, TrainerReply Reply) : SlotInput;

    /// <summary>A line that claims to be a protocol message and is none.</summary>
    internal sealed record Broken(int Generation, string Message) : SlotInput;

    /// <summary>The process ended, and all it wrote was read.</summary>
    internal sealed record Exited(int Generation, string Message) : SlotInput;

    /// <summary>The process could not be started.</summary>
    internal sealed record NotStarted(int Generation, string Message) : SlotInput;

    /// <summary>Resident memory of the process and its children.</summary>
    internal sealed record MemoryRead(int Generation, long Bytes) : SlotInput;

    /// <summary>Time has passed.</summary>
    internal sealed record Tick : SlotInput;
}

/// <summary>Something a slot's shell is to do.</summary>
internal abstract record SlotEffect
{
    /// <summary>Start a process.</summary>
    internal sealed record Start(int Generation, TrainerOpening Opening) : SlotEffect;

    /// <summary>Write a request to the current process.</summary>
    internal sealed record Send(TrainerRequest Request) : SlotEffect;

    /// <summary>Be rid of the current process: now, or by asking it to close first.</summary>
    internal sealed record Discard(bool AtOnce) : SlotEffect;

    /// <summary>Show how far the segment is.</summary>
    internal sealed record Report(ProgressReply Progress) : SlotEffect;

    /// <summary>The segment has ended.</summary>
    internal sealed record Conclude(SegmentVerdict Verdict) : SlotEffect;
}

/// <summary>How a segment ended on its slot; not yet audited.</summary>
internal abstract record SegmentVerdict
{
    /// <summary>The trainer says it made its steps, or after a stop a prefix of them.</summary>
    internal sealed record Done(DoneReply Reply) : SegmentVerdict;

    /// <summary>The trainer's divergence guard fired.</summary>
    internal sealed record Diverged(long Steps, SegmentFailure Failure) : SegmentVerdict;

    /// <summary>It failed.</summary>
    internal sealed record Failed(long Steps, SegmentFailure Failure) : SegmentVerdict;

    /// <summary>Given up because it was told to, without anything of use.</summary>
    internal sealed record Released(long Steps) : SegmentVerdict;
}
