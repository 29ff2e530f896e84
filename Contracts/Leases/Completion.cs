using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Contracts.Leases;

/// <summary>Body of <c>POST /v1/completions</c>.</summary>
public sealed record CompletionRequest(string Pool, string Worker, string Instance, IReadOnlyList<Completion> Completions)
{
    /// <summary>Most bytes of it that a silo reads.</summary>
    public const long MostBytes = 64 << 20;
}

/// <summary>How a lease ended.</summary>
public enum CompletionOutcome
{
    /// <summary>All planned steps were made, or a prefix of them after a stop: see Steps.</summary>
    Succeeded,

    /// <summary>The guard fired.</summary>
    Diverged,

    /// <summary>The trainer or the worker failed; see Failure.</summary>
    Failed,

    /// <summary>Not run, or given up without a usable prefix, because it was told to stop; it is offered again.</summary>
    Released,
}

/// <summary>The result of a segment. The same token again is a retry of the same message.</summary>
public sealed record Completion
{
    /// <summary>The lease.</summary>
    public required string Token { get; init; }

    /// <summary>How it ended.</summary>
    public required CompletionOutcome Outcome { get; init; }

    /// <summary>Steps made; fewer than planned after a stop (a prefix with a checkpoint) or a divergence.</summary>
    public required long Steps { get; init; }

    /// <summary>Metrics of the last validation of the segment, by name.</summary>
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }

    /// <summary>Every validation of the segment, in order of step.</summary>
    public IReadOnlyList<ValidationResult>? Validations { get; init; }

    /// <summary>The series as CSV (header step,rate,loss,gradient_l1,gradient_l2); null when no step was made.</summary>
    public string? Series { get; init; }

    /// <summary>The checkpoint of the end, already uploaded; null when none was wanted.</summary>
    public BlobReference? Checkpoint { get; init; }

    /// <summary>What went wrong; for Diverged and Failed.</summary>
    public SegmentFailure? Failure { get; init; }

    /// <summary>Where the time went.</summary>
    public LeaseSeconds? Seconds { get; init; }

    /// <summary>The last lines the trainer wrote that were no protocol message, at most 64 KiB.</summary>
    public string? Log { get; init; }
}

/// <summary>Why a segment failed.</summary>
/// <param name="Kind">
/// diverged, out_of_memory, bad_input, no_space, error (of the trainer); crashed, hung, memory_limit, protocol,
/// wrong_rates (seen by the agent); spawn, no_parent (the worker's own fault).
/// </param>
/// <param name="Message">For people.</param>
/// <param name="Step">Step at which it diverged.</param>
/// <param name="LastFiniteLoss">Last finite loss before it diverged.</param>
/// <param name="WorkerFault">The worker is to blame, not the segment: the segment is offered to others, uncounted.</param>
public sealed record SegmentFailure(
    string Kind,
    string Message,
    long? Step = null,
    double? LastFiniteLoss = null,
    bool WorkerFault = false);

/// <summary>Seconds of a segment by use, and the whole for which it had its slot: fetching its checkpoint included, waiting for the slot not.</summary>
public sealed record LeaseSeconds(double Training, double Evaluation, double Checkpoint, double Total);

/// <summary>Answer to completions, in their order.</summary>
public sealed record CompletionReply(IReadOnlyList<CompletionReceipt> Receipts);

/// <summary>What became of a completion. Whatever it says, the agent is done with it.</summary>
public sealed record CompletionReceipt(string Token, CompletionVerdict Verdict, string? Message = null);

/// <summary>Verdict on a completion.</summary>
public enum CompletionVerdict
{
    /// <summary>Taken.</summary>
    Accepted,

    /// <summary>The same lease had been completed before: nothing was counted twice.</summary>
    Retry,

    /// <summary>Another lease of the same segment came first; the work is counted in its purse.</summary>
    Duplicate,

    /// <summary>The job no longer wants it.</summary>
    Superseded,

    /// <summary>The token or the content is not valid; the message says why.</summary>
    Invalid,
}
