using Orchestrator.Contracts.Processes;

namespace Orchestrator.Silo.Hosting;

/// <summary>Ends the silo when the process that started it has ended, however it ended.</summary>
internal sealed class ParentService(SiloSettings settings, IHostApplicationLifetime lifetime, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (settings.Parent is not { } parent)
        {
            return;
        }

        await ParentWatch.GoneAsync(parent, clock, stoppingToken);
        _ = EndAsync();
        lifetime.StopApplication();
    }

    /// <summary>Nobody waits for a graceful end, and whatever was stored is durable: open polls and streams must not delay it.</summary>
    private async Task EndAsync()
    {
        await Task.Delay(Patience, clock);
        Environment.Exit(0);
    }
}
