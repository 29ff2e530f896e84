using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;
using Spectre.Console;

namespace Orchestrator.Cli.Watching;

/// <summary>Shows a job until it has ended: live on a terminal, a line a decision elsewhere, events with --json.</summary>
internal static class JobWatcher
{
    /// <summary>More points than a sparkline has columns, of each stretch of the path.</summary>
    private const int CurvePoints = 60;

    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan BetweenCurves = TimeSpan.FromSeconds(1);

    /// <summary>Watches to the end; returns the job as it ended.</summary>
    /// <param name="session">Where it is shown.</param>
    /// <param name="api">The job's server.</param>
    /// <param name="job">Its id.</param>
    /// <param name="json">Print events.</param>
    /// <param name="ct">Ends the watch, not the job.</param>
    /// <param name="note">The last word of those who run the job, to stand below a live picture; null = nothing to say.</param>
    public static async Task<JobView> WatchAsync(
        Session session, IJobsApi api, string job, bool json, Func<string?>? note = null, CancellationToken ct = default)
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
            await LiveAsync(session, api, job, note ?? (() => null), ct);
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

    private static async Task LiveAsync(Session session, IJobsApi api, string job, Func<string?> note, CancellationToken ct)
    {
        var watched = new WatchedJob();
        JobView? view = null;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
        IAnsiConsole console = AnsiConsole.Console;
        await console.Live(new Text("")).AutoClear(false).StartAsync(async context =>
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
            int drawn = 0;
            long drawnAt = session.Time.GetTimestamp();
            bool last = false;
            while (!last && await timer.WaitForNextTickAsync(ct))
            {
                last = events.IsCompleted;
                CurvesView? curves = null;
                int decisions = watched.Decisions;
                try
                {
                    view = await api.GetAsync(job, ct);
                    if (last || (decisions > drawn && session.Time.GetElapsedTime(drawnAt) >= BetweenCurves))
                    {
                        curves = await api.CurvesAsync(job, CurvePoints, ct);
                        (drawn, drawnAt) = (decisions, session.Time.GetTimestamp());
                    }
                }
                catch (ServerUnreachableException)
                {
                    // It is being started again; the picture stands still meanwhile.
                }

                lock (watched)
                {
                    if (curves is not null)
                    {
                        watched.Path.Show(curves);
                    }

                    context.UpdateTarget(LiveView.Render(watched, view, note(), console.Profile.Width, console.Profile.Height));
                }
            }

            await events;
        });
    }
}
