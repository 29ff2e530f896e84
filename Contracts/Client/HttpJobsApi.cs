using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Contracts.Client;

/// <summary><see cref="IJobsApi"/> over HTTP.</summary>
public sealed class HttpJobsApi : IJobsApi, IDisposable
{
    private static readonly TimeSpan Reconnect = TimeSpan.FromMilliseconds(500);
    private readonly Uri _server;
    private readonly HttpClient _http;
    private readonly TimeProvider _clock;

    /// <summary>A client of the silo at <paramref name="server"/>.</summary>
    /// <param name="server">E.g. http://127.0.0.1:5080.</param>
    /// <param name="key">Sent as a bearer token; null = none.</param>
    /// <param name="clock">Paces reconnects; null = the system's.</param>
    public HttpJobsApi(Uri server, string? key = null, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        _server = server;
        _clock = clock ?? TimeProvider.System;
        _http = new HttpClient(new DroppedConnectionHandler(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) }))
        {
            BaseAddress = server,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (key is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }
    }

    /// <inheritdoc/>
    public async Task<JobView> SubmitAsync(JsonElement spec, string? idempotencyKey = null, CancellationToken ct = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/jobs");
        request.Content = new StringContent(spec.GetRawText(), Encoding.UTF8, "application/json");
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        return await ReadAsync<JobView>(request, ct);
    }

    /// <inheritdoc/>
    public Task<Page<JobView>> ListAsync(JobStatus? status = null, int limit = 50, string? cursor = null, CancellationToken ct = default) =>
        GetAsync<Page<JobView>>($"v1/jobs?limit={limit}{Query("status", status?.ToString().ToLowerInvariant())}{Query("cursor", cursor)}", ct);

    /// <inheritdoc/>
    public Task<JobView> GetAsync(string job, CancellationToken ct = default) => GetAsync<JobView>(Job(job), ct);

    /// <inheritdoc/>
    public Task<JsonElement> SpecAsync(string job, CancellationToken ct = default) => GetAsync<JsonElement>($"{Job(job)}/spec", ct);

    /// <inheritdoc/>
    public Task<JobView> PauseAsync(string job, CancellationToken ct = default) => ControlAsync(job, "pause", ct);

    /// <inheritdoc/>
    public Task<JobView> ResumeAsync(string job, CancellationToken ct = default) => ControlAsync(job, "resume", ct);

    /// <inheritdoc/>
    public Task<JobView> CancelAsync(string job, CancellationToken ct = default) => ControlAsync(job, "cancel", ct);

    /// <inheritdoc/>
    public async Task DeleteAsync(string job, CancellationToken ct = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, Job(job));
        using HttpResponseMessage response = await SendAsync(request, ct);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<JobEventView> EventsAsync(string job, long after = 0, [EnumeratorCancellation] CancellationToken ct = default)
    {
        long last = after;
        bool wasThere = after > 0;
        while (true)
        {
            using HttpResponseMessage? response = await ConnectAsync(job, last, wasThere, ct);
            if (response is not null)
            {
                wasThere = true;
                await foreach (JobEventView e in ReadAsync(response, ct))
                {
                    last = Math.Max(last, e.Sequence);
                    yield return e;
                    if (e.Type == "job_ended")
                    {
                        yield break;
                    }
                }
            }

            await Task.Delay(Reconnect, _clock, ct);
        }
    }

    /// <inheritdoc/>
    public Task<string> ScheduleAsync(string job, string format = "json", CancellationToken ct = default) =>
        TextAsync($"{Job(job)}/schedule?format={Uri.EscapeDataString(format)}", ct);

    /// <inheritdoc/>
    public Task<Page<TrialView>> TrialsAsync(string job, int limit = 100, string? cursor = null, CancellationToken ct = default) =>
        GetAsync<Page<TrialView>>($"{Job(job)}/trials?limit={limit}{Query("cursor", cursor)}", ct);

    /// <inheritdoc/>
    public Task<Page<SegmentView>> SegmentsAsync(string job, int limit = 100, string? cursor = null, CancellationToken ct = default) =>
        GetAsync<Page<SegmentView>>($"{Job(job)}/segments?limit={limit}{Query("cursor", cursor)}", ct);

    /// <inheritdoc/>
    public Task<CurvesView> CurvesAsync(string job, int points = 500, CancellationToken ct = default) =>
        GetAsync<CurvesView>($"{Job(job)}/curves?points={points}", ct);

    /// <inheritdoc/>
    public async Task<Stream> ModelAsync(string job, CancellationToken ct = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Job(job)}/model");
        return await ReadAsync(
            request,
            async content =>
            {
                var model = new MemoryStream();
                await content.CopyToAsync(model, ct);
                model.Position = 0;
                return model;
            },
            ct);
    }

    /// <inheritdoc/>
    public Task<JobResult> ResultAsync(string job, CancellationToken ct = default) => GetAsync<JobResult>($"{Job(job)}/result", ct);

    /// <inheritdoc/>
    public Task<string> LogAsync(string segment, CancellationToken ct = default) => TextAsync($"v1/segments/{segment}/log", ct);

    /// <inheritdoc/>
    public Task<Page<WorkerView>> WorkersAsync(int limit = 100, string? cursor = null, CancellationToken ct = default) =>
        GetAsync<Page<WorkerView>>($"v1/workers?limit={limit}{Query("cursor", cursor)}", ct);

    /// <inheritdoc/>
    public Task<IReadOnlyList<PoolView>> PoolsAsync(CancellationToken ct = default) => GetAsync<IReadOnlyList<PoolView>>("v1/pools", ct);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string Job(string job) => $"v1/jobs/{Uri.EscapeDataString(job)}";

    private static string Query(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";

    private static async Task<ApiException> RefusalAsync(HttpResponseMessage response, CancellationToken ct)
    {
        int status = (int)response.StatusCode;
        try
        {
            Problem? problem = await response.Content.ReadFromJsonAsync<Problem>(WireJson.Options, ct);
            return new ApiException(status, problem?.Title ?? response.ReasonPhrase ?? "Refused", problem?.Detail, problem?.Errors ?? []);
        }
        catch (Exception e) when (IsNoAnswer(e))
        {
            return new ApiException(status, response.ReasonPhrase ?? "Refused", null, []);
        }
    }

    /// <summary>The stream of a job's events; null where the server cannot give it now, and <paramref name="wasThere"/>.</summary>
    private async Task<HttpResponseMessage?> ConnectAsync(string job, long after, bool wasThere, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Job(job)}/events");
        request.Headers.Add("Last-Event-ID", after.ToString());
        try
        {
            return await SendAsync(request, ct);
        }
        catch (ServerUnreachableException) when (wasThere)
        {
            return null; // It is being started again.
        }
        catch (ApiException e) when (e.Status >= (int)HttpStatusCode.InternalServerError)
        {
            return null;
        }
    }

    /// <summary>Events of one connection, until it breaks.</summary>
    private static async IAsyncEnumerable<JobEventView> ReadAsync(HttpResponseMessage response, [EnumeratorCancellation] CancellationToken ct)
    {
        await using Stream body = await response.Content.ReadAsStreamAsync(ct);
        SseParser<string> parser = SseParser.Create(body);
        IAsyncEnumerator<SseItem<string>> items = parser.EnumerateAsync(ct).GetAsyncEnumerator(ct);
        await using (items)
        {
            while (await NextAsync(items))
            {
                SseItem<string> item = items.Current;
                _ = long.TryParse(item.EventId, out long sequence);
                using var payload = JsonDocument.Parse(item.Data);
                yield return new JobEventView(item.EventType is "progress" or "held" ? 0 : sequence, item.EventType, payload.RootElement.Clone());
            }
        }
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<SseItem<string>> items)
    {
        try
        {
            return await items.MoveNextAsync();
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return false;
        }
    }

    private async Task<JobView> ControlAsync(string job, string command, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Job(job)}:{command}");
        return await ReadAsync<JobView>(request, ct);
    }

    private async Task<T> GetAsync<T>(string path, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return await ReadAsync<T>(request, ct);
    }

    private async Task<string> TextAsync(string path, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return await ReadAsync(request, content => content.ReadAsStringAsync(ct), ct);
    }

    private Task<T> ReadAsync<T>(HttpRequestMessage request, CancellationToken ct) =>
        ReadAsync(request, async content => (await content.ReadFromJsonAsync<T>(WireJson.Options, ct))!, ct);

    private async Task<T> ReadAsync<T>(HttpRequestMessage request, Func<HttpContent, Task<T>> read, CancellationToken ct)
    {
        using HttpResponseMessage response = await SendAsync(request, ct);
        try
        {
            return await read(response.Content);
        }
        catch (Exception e) when (IsNoAnswer(e))
        {
            throw new ServerUnreachableException(_server, e);
        }
    }

    /// <summary>Whether a body broke off, or is not a silo's.</summary>
    private static bool IsNoAnswer(Exception e) => e is JsonException or IOException or HttpRequestException;

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct)
    {
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        }
        catch (HttpRequestException e)
        {
            throw new ServerUnreachableException(_server, e);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await RefusalAsync(response, ct);
        }
    }

    private sealed record Problem(string? Title, string? Detail, IReadOnlyList<SpecProblem>? Errors);
}
