using System.Globalization;
using System.Text;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Silo.Api;

/// <summary>
/// A job's events as server-sent events: from Last-Event-ID on, then live, then the end. The store is the truth; the
/// job only rings. Progress carries no id, since it is not stored.
/// </summary>
internal static class EventsApi
{
    private const int PageSize = 500;
    private static readonly TimeSpan CommentEvery = TimeSpan.FromSeconds(15);

    public static void MapEvents(this IEndpointRouteBuilder app) => app.MapGet("/v1/jobs/{job}/events", StreamAsync).WithName("streamEvents");

    private static async Task StreamAsync(
        HttpContext http, string job, long? after, IJobStore store, IGrainFactory grains, IHostApplicationLifetime lifetime, TimeProvider clock)
    {
        if (await store.FindAsync(job, http.RequestAborted) is null)
        {
            await Problems.NoJob(job).ExecuteAsync(http);
            return;
        }

        string? last = http.Request.Headers["Last-Event-ID"];
        if (!string.IsNullOrEmpty(last) && !long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            await Problems.BadInput($"Last-Event-ID is '{last}'; the number of an event is wanted.").ExecuteAsync(http);
            return;
        }

        long sent = string.IsNullOrEmpty(last) ? Math.Max(0, after ?? 0) : long.Parse(last, CultureInfo.InvariantCulture);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        try
        {
            await SendAsync(http.Response, ": connected\n\n", ends.Token);
            await FollowAsync(http.Response, grains.GetGrain<IJobGrain>(job), job, sent, store, clock, ends.Token);
        }
        catch (OperationCanceledException)
        {
            // The watcher left, or the silo ends: it resumes from the last id it has.
        }
    }

    private static async Task FollowAsync(
        HttpResponse response, IJobGrain grain, string job, long sent, IJobStore store, TimeProvider clock, CancellationToken ct)
    {
        long mark = 0;
        long commented = clock.GetTimestamp();
        while (true)
        {
            JobPulse pulse = await grain.WaitAsync(sent, mark).WaitAsync(ct);
            if (pulse.Missing)
            {
                return;
            }

            while (sent < pulse.Sequence)
            {
                IReadOnlyList<StoredEvent> page = await store.EventsAsync(job, sent, PageSize, ct);
                foreach (StoredEvent e in page)
                {
                    await SendAsync(response, $"id: {e.Sequence}\nevent: {e.Type}\ndata: {e.Payload}\n\n", ct);
                    sent = e.Sequence;
                }

                if (page.Count == 0)
                {
                    break;
                }
            }

            mark = pulse.ProgressMark;
            if (pulse.Progress is { } progress)
            {
                await SendAsync(response, $"event: progress\ndata: {progress}\n\n", ct);
            }

            if (pulse.Ended && sent >= pulse.Sequence)
            {
                return;
            }

            if (clock.GetElapsedTime(commented) >= CommentEvery)
            {
                await SendAsync(response, ": still here\n\n", ct);
                commented = clock.GetTimestamp();
            }
        }
    }

    private static async Task SendAsync(HttpResponse response, string text, CancellationToken ct)
    {
        await response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), ct);
        await response.Body.FlushAsync(ct);
    }
}
