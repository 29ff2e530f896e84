using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Grains.Jobs;

/// <summary>
/// What jobs tell of themselves while they run, for /metrics. Calls are cheap, never block and never throw; whoever
/// implements this decides how it is exported. All values are for looking at: nothing is decided on them.
/// </summary>
public interface IJobMetrics
{
    /// <summary>
    /// A job went from one status to another. <paramref name="before"/> is null when it was just created, or when an
    /// activation took it up; <paramref name="after"/> is null when the activation ends or the job was deleted.
    /// </summary>
    void JobStatusChanged(JobStatus? before, JobStatus? after);

    /// <summary>A segment ended for good: succeeded, diverged, failed, cancelled; or a lease of it was lost.</summary>
    /// <param name="outcome">In the words of the events: succeeded, diverged, failed, cancelled, lost.</param>
    void SegmentEnded(string outcome);

    /// <summary>Steps were counted in a purse, or left it: a decision moves them between search and training.</summary>
    /// <param name="purse">training, search, evaluation, final, lost, speculative or reused.</param>
    /// <param name="steps">Below 0 for those that left it.</param>
    void StepsAdded(string purse, double steps);

    /// <summary>A search decided.</summary>
    /// <param name="seconds">Time from its observations to its decision.</param>
    void DecisionMade(double seconds);

    /// <summary>Newest training loss and learning rate of a live job; null = not known.</summary>
    void LiveValues(string job, double? loss, double? rate);

    /// <summary>A job is live no more: its own series end.</summary>
    void JobGone(string job);
}
