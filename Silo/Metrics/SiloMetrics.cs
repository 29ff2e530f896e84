using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Jobs;
using Orchestrator.Silo.Storage;
using Prometheus;

namespace Orchestrator.Silo.Metrics;

/// <summary>The product's own series, on the default registry.</summary>
internal sealed class SiloMetrics : IJobMetrics, IStoreMetrics
{
    private static readonly double[] Seconds = Histogram.ExponentialBuckets(0.0005, 2, 16);

    private readonly Gauge _jobs = Prometheus.Metrics.CreateGauge("orchestrator_jobs", "Jobs that have not ended, by status.", "status");
    private readonly Counter _endedJobs = Prometheus.Metrics.CreateCounter("orchestrator_jobs_ended_total", "Jobs that ended, by how.", "status");
    private readonly Counter _segments = Prometheus.Metrics.CreateCounter("orchestrator_segments_total", "Segments that ended, by outcome.", "outcome");
    private readonly Gauge _steps = Prometheus.Metrics.CreateGauge(
        "orchestrator_steps", "Optimiser steps by purse, since the start of this process; a decision moves steps between search and training.", "purse");

    private readonly Histogram _decisions = Prometheus.Metrics.CreateHistogram(
        "orchestrator_decision_seconds", "Time a search took to decide.", new HistogramConfiguration { Buckets = Seconds });

    private readonly Histogram _commits = Prometheus.Metrics.CreateHistogram(
        "orchestrator_store_commit_seconds", "Time from a write's request to its durable commit.", new HistogramConfiguration { Buckets = Seconds });

    private readonly Histogram _transactions = Prometheus.Metrics.CreateHistogram(
        "orchestrator_store_transaction_writes", "Writes that one transaction of the job store carried.", new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(1, 2, 9) });

    private readonly Gauge _loss = Prometheus.Metrics.CreateGauge("orchestrator_job_loss", "Newest training loss of a live job.", "job");
    private readonly Gauge _rate = Prometheus.Metrics.CreateGauge("orchestrator_job_learning_rate", "Newest learning rate of a live job.", "job");

    /// <summary>All label values are there from the start: a series that appears with its first event hides it from rate().</summary>
    public SiloMetrics()
    {
        foreach (JobStatus status in Enum.GetValues<JobStatus>())
        {
            _ = HasEnded(status) ? (object)_endedJobs.WithLabels(Name(status)) : _jobs.WithLabels(Name(status));
        }

        foreach (string outcome in (string[])["succeeded", "diverged", "failed", "cancelled", "lost"])
        {
            _segments.WithLabels(outcome);
        }

        foreach (string purse in (string[])["training", "search", "evaluation", "final", "lost"])
        {
            _steps.WithLabels(purse);
        }
    }

    public void JobStatusChanged(JobStatus? before, JobStatus? after)
    {
        if (before is { } old && !HasEnded(old))
        {
            _jobs.WithLabels(Name(old)).Dec();
        }

        if (after is { } now && !HasEnded(now))
        {
            _jobs.WithLabels(Name(now)).Inc();
        }
        else if (before is not null && after is { } end)
        {
            // Without a status before, it had ended long ago and was only looked at again.
            _endedJobs.WithLabels(Name(end)).Inc();
        }
    }

    public void SegmentEnded(string outcome) => _segments.WithLabels(outcome).Inc();

    public void StepsAdded(string purse, double steps) => _steps.WithLabels(purse).Inc(steps);

    public void DecisionMade(double seconds) => _decisions.Observe(seconds);

    public void LiveValues(string job, double? loss, double? rate)
    {
        if (loss is { } l)
        {
            _loss.WithLabels(job).Set(l);
        }

        if (rate is { } r)
        {
            _rate.WithLabels(job).Set(r);
        }
    }

    public void JobGone(string job)
    {
        _loss.RemoveLabelled(job);
        _rate.RemoveLabelled(job);
    }

    public void Committed(TimeSpan latency) => _commits.Observe(latency.TotalSeconds);

    public void TransactionEnded(int writes) => _transactions.Observe(writes);

    private static bool HasEnded(JobStatus status) => status is JobStatus.Succeeded or JobStatus.Failed or JobStatus.Cancelled;

    private static string Name(JobStatus status) => status.ToString().ToLowerInvariant();
}
