using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Silo.Api;

/// <summary>
/// A job's events as server-sent events: from Last-Event-ID on, then live, then the end. The store is the truth; the
/// job only rings. What is not stored carries no id: "progress", and "held" while the job waits for room on a disk.
/// </summary>
internal static class EventsApi
{
    private const int PageSize = 500;

    public static void MapEvents(this IEndpointRouteBuilder app) => app.MapGet("/v1/jobs/{job}/events", StreamAsync).WithName("streamEvents")
        .Produces<string>(StatusCodes.Status200OK, "text/event-stream").ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task StreamAsync(
        HttpContext http,
        string job,
        long? after,
        [FromHeader(Name = "Last-Event-ID")] string? last,
        IJobStore store,
        IGrainFactory grains,
        IHostApplicationLifetime lifetime,
        TimeProvider clock)
    {
        if (await store.FindAsync(job, http.RequestAborted) is null)
        {
            await Problems.NoJob(job).ExecuteAsync(http);
            return;
        }

        long sent = Math.Max(0, after ?? 0);
        if (!string.IsNullOrEmpty(last) && !long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out sent))
        {
            await Problems.BadInput($"Last-Event-ID is '{last}'; the number of an event is wanted.").ExecuteAsync(http);
            return;
        }

        using var ends = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        try
        {
            var stream = new EventStream(http.Response, clock, ends.Token);
            await stream.CommentAsync("connected");
            await FollowAsync(stream, grains.GetGrain<IJobGrain>(job), job, sent, store, ends.Token);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // The watcher left, or the silo ends: it resumes from the last id it has.
        }
    }

    private static async Task FollowAsync(EventStream stream, IJobGrain grain, string job, long sent, IJobStore store, CancellationToken ct)
    {
        long mark = 0;
        JobError? held = null;
        while (true)
        {
            JobPulse pulse = await stream.MeanwhileAsync(grain.WaitAsync(sent, mark, ct));
            if (pulse.Missing)
            {
                return;
            }

            while (sent < pulse.Sequence)
            {
                IReadOnlyList<StoredEvent> page = await store.EventsAsync(job, sent, PageSize, ct);
                foreach (StoredEvent e in page)
                {
                    await stream.SendAsync($"id: {e.Sequence}\nevent: {e.Type}\ndata: {e.Payload}\n\n");
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
                await stream.SendAsync($"event: progress\ndata: {progress}\n\n");
            }

            if (pulse.Held != held)
            {
                held = pulse.Held;
                await stream.SendAsync($"event: held\ndata: {JsonSerializer.Serialize(new { Reason = held }, WireJson.Options)}\n\n");
            }

            if (pulse.Ended && sent >= pulse.Sequence)
            {
                return;
            }
        }
    }

    /// <summary>The response, which is never silent for long.</summary>
    private sealed class EventStream(HttpResponse response, TimeProvider clock, CancellationToken ct)
    {
        /// <summary>Proxies close a stream that says nothing: 15 s are promised, and kept with some room.</summary>
        private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(12);

        private long _spoke = clock.GetTimestamp();

        public async Task SendAsync(string text)
        {
            await response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), ct);
            await response.Body.FlushAsync(ct);
            _spoke = clock.GetTimestamp();
        }

        public Task CommentAsync(string text) => SendAsync($": {text}\n\n");

        /// <summary>The task's result; comments while it is awaited.</summary>
        public async Task<T> MeanwhileAsync<T>(Task<T> task)
        {
            while (true)
            {
                TimeSpan left = LongestSilence - clock.GetElapsedTime(_spoke);
                try
                {
                    return await task.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, clock, ct);
                }
                catch (TimeoutException) when (!task.IsCompleted)
                {
                    await CommentAsync("still here");
                }
            }
        }
    }
}
