using Orchestrator.Grains.Pools;
using Orchestrator.Grains.Storage;
using Orchestrator.Silo.Hosting;
using Prometheus;

namespace Orchestrator.Silo.Metrics;

/// <summary>Asks the pools for their figures now and then, so that /metrics costs no grain call.</summary>
internal sealed class PoolMetrics(IJobStore store, IGrainFactory grains, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    private readonly Gauge _queue = Prometheus.Metrics.CreateGauge("orchestrator_queue_segments", "Segments that wait for a worker.", "pool");
    private readonly Gauge _leased = Prometheus.Metrics.CreateGauge("orchestrator_leased_segments", "Segments that are leased.", "pool");
    private readonly Gauge _age = Prometheus.Metrics.CreateGauge("orchestrator_oldest_lease_seconds", "Age of the oldest lease.", "pool");
    private readonly Gauge _workers = Prometheus.Metrics.CreateGauge("orchestrator_workers", "Workers heard of lately.", "pool");
    private readonly Gauge _slots = Prometheus.Metrics.CreateGauge("orchestrator_slots", "Slots of these workers.", "pool");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        do
        {
            try
            {
                foreach (string pool in await PoolNames.AllAsync(store, stoppingToken))
                {
                    PoolStats stats = await grains.GetGrain<IPoolGrain>(pool).StatsAsync();
                    _queue.WithLabels(pool).Set(stats.Planned);
                    _leased.WithLabels(pool).Set(stats.Leased);
                    _age.WithLabels(pool).Set(stats.OldestLeaseSeconds);
                    _workers.WithLabels(pool).Set(stats.Workers);
                    _slots.WithLabels(pool).Set(stats.Slots);
                }
            }
            catch (Exception) when (!stoppingToken.IsCancellationRequested)
            {
                // For looking at only: the next round comes in five seconds.
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
