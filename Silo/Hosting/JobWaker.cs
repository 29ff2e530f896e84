using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Silo.Hosting;

/// <summary>Touches every live job at the start and every 30 s, so that none sleeps through a restart.</summary>
internal sealed partial class JobWaker(IJobStore store, IGrainFactory grains, TimeProvider clock, ILogger<JobWaker> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        do
        {
            try
            {
                foreach (string job in await store.LiveAsync(stoppingToken))
                {
                    await WakeAsync(job, stoppingToken);
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // The next round tries again: a store that fails now must not end the silo.
                LogListFailed(logger, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>One that cannot be woken leaves the others their turn.</summary>
    private async Task WakeAsync(string job, CancellationToken stoppingToken)
    {
        try
        {
            await grains.GetGrain<IJobGrain>(job).WakeAsync();
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            LogWakeFailed(logger, job, e);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Live jobs could not be listed.")]
    private static partial void LogListFailed(ILogger logger, Exception e);

    [LoggerMessage(2, LogLevel.Warning, "Job {Job} could not be woken.")]
    private static partial void LogWakeFailed(ILogger logger, string job, Exception e);
}
