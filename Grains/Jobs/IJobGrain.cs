using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orleans;
using Orleans.Concurrency;

namespace Orchestrator.Grains.Jobs;

/// <summary>
/// One job: the single writer of its events. Key: the job's id. Everything it decides is decided by pure functions
/// (<see cref="JobMachine"/>, the searches of Bo); it loads, commits and tells others.
/// </summary>
[Alias("orchestrator.IJobGrain")]
public interface IJobGrain : IGrainWithStringKey
{
    /// <summary>Creates the job, or answers with the one that has this id already when its file is the same.</summary>
    [Alias("submit")]
    Task<SubmitReply> SubmitAsync(JobSubmission submission);

    /// <summary>The job now; null = no such job.</summary>
    [Alias("view"), AlwaysInterleave]
    Task<JobView?> ViewAsync();

    /// <summary>The schedule so far, in pieces of decisions; null = no such job.</summary>
    [Alias("schedule"), AlwaysInterleave]
    Task<IReadOnlyList<ScheduleRun>?> ScheduleAsync();

    /// <summary>The trials so far; null = no such job.</summary>
    [Alias("trials"), AlwaysInterleave]
    Task<TrialsResult?> TrialsAsync();

    /// <summary>Pauses, resumes or cancels; repeating changes nothing. Null = no such job.</summary>
    [Alias("control")]
    Task<ControlReply> ControlAsync(JobCommand command, string by);

    /// <summary>Takes the result of a lease. Returns when it is stored.</summary>
    [Alias("complete"), AlwaysInterleave]
    Task<CompletionReceipt> CompleteAsync(LeasedCompletion completion);

    /// <summary>A lease was lost: nothing was heard of it, or its worker came back without it.</summary>
    [Alias("lose"), AlwaysInterleave]
    Task LoseAsync(LostLease lost);

    /// <summary>Live progress of a segment, kept in memory only.</summary>
    [Alias("progress"), AlwaysInterleave, OneWay]
    Task ProgressAsync(LiveProgress progress);

    /// <summary>Returns when the job has events after <paramref name="sequence"/>, progress since the mark, or after 15 s.</summary>
    [Alias("wait"), AlwaysInterleave, ResponseTimeout("00:00:25")]
    Task<JobPulse> WaitAsync(long sequence, long progressMark, CancellationToken ct = default);

    /// <summary>Activates the job, and lets it look again for what it waits for: a worker, room on a disk.</summary>
    [Alias("wake"), AlwaysInterleave, OneWay]
    Task WakeAsync();

    /// <summary>Deletes an ended job.</summary>
    [Alias("delete")]
    Task<ControlReply> DeleteAsync();
}

/// <summary>A job file to submit; validated by the API before.</summary>
/// <param name="Owner">Who submits it.</param>
/// <param name="Spec">The job file as JSON text.</param>
public sealed record JobSubmission(string Owner, string Spec);

/// <summary>The job, and whether the id belongs to a job with another file.</summary>
public sealed record SubmitReply(JobView? View, bool Created, bool Conflict);

/// <summary>What a user can tell a job.</summary>
public enum JobCommand
{
    Pause,
    Resume,
    Cancel,
}

/// <summary>The job after a command; <see cref="Refusal"/> says why it was refused, Missing that there is none.</summary>
public sealed record ControlReply(JobView? View, string? Refusal = null, bool Missing = false);

/// <summary>A completion with what its verified token says.</summary>
public sealed record LeasedCompletion(int Segment, string Lease, string Pool, string Worker, Completion Completion);

/// <summary>A lease that is over without a result.</summary>
/// <param name="Steps">Steps its last heartbeat reported.</param>
/// <param name="Reason">For people.</param>
/// <param name="Drained">Its worker was told to end, and said so: that says nothing of the segment.</param>
public sealed record LostLease(int Segment, string Lease, string Worker, long Steps, string Reason, bool Drained = false);

/// <summary>Progress of a segment as its agent reported it.</summary>
public sealed record LiveProgress(int Segment, string Worker, LeaseProgress Progress);

/// <summary>What changed while somebody waited.</summary>
/// <param name="Sequence">Number of the last event.</param>
/// <param name="ProgressMark">Grows with each progress.</param>
/// <param name="Progress">The newest points, one entry a running segment, as the JSON of a "progress" event; null = none new.</param>
/// <param name="Ended">Whether the job has ended.</param>
/// <param name="Missing">Whether there is no such job.</param>
/// <param name="Held">Why it does not go on, where that cannot be an event: there is no room to store one. Null = it does.</param>
public sealed record JobPulse(long Sequence, long ProgressMark, string? Progress, bool Ended, bool Missing, JobError? Held = null);
