using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;
using Spectre.Console;

namespace Orchestrator.Cli.Watching;

/// <summary>Shows a job until it has ended: live on a terminal, a line a decision elsewhere, events with --json.</summary>
internal static class JobWatcher
{
    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(200);

    /// <summary>Watches to the end; returns the job as it ended.</summary>
    public static async Task<JobView> WatchAsync(Session session, IJobsApi api, string job, bool json, CancellationToken ct)
    {
        if (json)
        {
            await foreach (JobEventView e in api.EventsAsync(job, 0, ct))
            {
                session.WriteJsonLine(e);
            }
        }
        else if (session.Terminal)
        {
            await LiveAsync(session, api, job, ct);
        }
        else
        {
            var watched = new WatchedJob();
            await foreach (JobEventView e in api.EventsAsync(job, 0, ct))
            {
                if (watched.Take(e) is { } line)
                {
                    await session.Out.WriteLineAsync(line);
                }
            }
        }

        return await api.GetAsync(job, ct);
    }

    private static async Task LiveAsync(Session session, IJobsApi api, string job, CancellationToken ct)
    {
        var watched = new WatchedJob();
        JobView? view = null;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
        IAnsiConsole console = AnsiConsole.Console;
        await console.Live(LiveView.Render(watched, null, console.Profile.Width)).AutoClear(false).StartAsync(async context =>
        {
            Task events = Task.Run(
                async () =>
                {
                    await foreach (JobEventView e in api.EventsAsync(job, 0, over.Token))
                    {
                        lock (watched)
                        {
                            watched.Take(e);
                        }
                    }
                },
                over.Token);
            using var timer = new PeriodicTimer(Redraw, session.Time);
            bool last = false;
            while (!last && await timer.WaitForNextTickAsync(ct))
            {
                last = events.IsCompleted;
                try
                {
                    view = await api.GetAsync(job, ct);
                }
                catch (ServerUnreachableException)
                {
                    // It is being started again; the picture stands still meanwhile.
                }

                lock (watched)
                {
                    context.UpdateTarget(LiveView.Render(watched, view, console.Profile.Width));
                }
            }

            await events;
        });
    }
}
