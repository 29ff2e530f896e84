namespace Orchestrator.Silo.Hosting;

/// <summary>Ends the silo when the process that started it has ended, however it ended.</summary>
internal sealed class ParentWatch(SiloSettings settings, IHostApplicationLifetime lifetime, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (settings.Parent is not { } parent)
        {
            return;
        }

        using var timer = new PeriodicTimer(Every, clock);
        while (Directory.Exists($"/proc/{parent}") && await timer.WaitForNextTickAsync(stoppingToken))
        {
            // Nothing to do while it lives.
        }

        lifetime.StopApplication();
    }
}
