using Orchestrator.Contracts.Leases;
using Prometheus;

namespace Orchestrator.Workers.Agent;

/// <summary>What /metrics of an agent shows.</summary>
internal sealed class AgentMetrics
{
    private readonly Counter _segments;
    private readonly Counter _steps;
    private readonly Counter _seconds;
    private readonly Gauge _busy;
    private readonly Gauge _undelivered;
    private readonly Gauge _reachable;

    internal AgentMetrics(CollectorRegistry registry)
    {
        MetricFactory factory = Metrics.WithCustomRegistry(registry);
        _segments = factory.CreateCounter(
            "orchestrator_agent_segments_total", "Segments by outcome and by the silo's verdict.", ["outcome", "verdict"]);
        _steps = factory.CreateCounter("orchestrator_agent_steps_total", "Steps of segments that were received.");
        _seconds = factory.CreateCounter(
            "orchestrator_agent_trainer_seconds_total", "Seconds of segments that were received, by use.", ["use"]);
        _busy = factory.CreateGauge("orchestrator_agent_slots_busy", "Slots that run a segment.");
        _undelivered = factory.CreateGauge("orchestrator_agent_results_undelivered", "Results no silo has received yet.");
        _reachable = factory.CreateGauge("orchestrator_agent_silo_reachable", "1 while the silo answers.");
        _reachable.Set(0);
    }

    /// <summary>A result was received.</summary>
    internal void Delivered(Completion completion, CompletionVerdict verdict)
    {
        _segments.WithLabels(Lower(completion.Outcome.ToString()), Lower(verdict.ToString())).Inc();
        _steps.Inc(completion.Steps);
        if (completion.Seconds is { } seconds)
        {
            _seconds.WithLabels("training").Inc(Math.Max(0, seconds.Training));
            _seconds.WithLabels("evaluation").Inc(Math.Max(0, seconds.Evaluation));
            _seconds.WithLabels("checkpoint").Inc(Math.Max(0, seconds.Checkpoint));
        }
    }

    /// <summary>Results that wait for the silo.</summary>
    internal void Undelivered(int count) => _undelivered.Set(count);

    /// <summary>A slot begins (1) or ends (−1) a segment.</summary>
    internal void Busy(int change) => _busy.Inc(change);

    /// <summary>Whether the silo answered last.</summary>
    internal void Reachable(bool reachable) => _reachable.Set(reachable ? 1 : 0);

    private static string Lower(string name) => name.ToLowerInvariant();
}
