using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Leases;

namespace Orchestrator.Workers.Agent.Silo;

/// <summary>The worker part of the HTTP API. Every call ends within its time limit; none retries by itself.</summary>
internal sealed class SiloClient : IDisposable
{
    /// <summary>The silo holds a poll for up to 15 s; a dead one must not cost more than this.</summary>
    private static readonly TimeSpan PollLimit = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan HeartbeatLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(30);

    /// <summary>Blobs and series: a fixed time and a slow line, a megabyte a second.</summary>
    private static readonly TimeSpan BlobLimit = TimeSpan.FromSeconds(60);
    private const long SlowBytesPerSecond = 1_000_000;
    private const int LongestDetail = 2000;

    private readonly HttpClient _http;
    private readonly TimeProvider _time;

    internal SiloClient(Uri server, string? key, TimeProvider time)
    {
        _time = time;
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(3),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        _http = new HttpClient(new DroppedConnectionHandler(handler)) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("orchestrator-agent", AgentVersion.Short));
        if (key is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }
    }

    /// <summary>Says what this worker is.</summary>
    internal Task<WorkerRegistered> RegisterAsync(
        string pool, string worker, WorkerRegistration registration, CancellationToken stopping) =>
        CallAsync<WorkerRegistered>(
            HttpMethod.Put,
            $"v1/pools/{Uri.EscapeDataString(pool)}/workers/{Uri.EscapeDataString(worker)}",
            registration,
            CallLimit,
            stopping);

    /// <summary>Asks for leases; the silo may wait before it answers.</summary>
    internal Task<LeaseReply> LeaseAsync(string pool, LeaseRequest request, CancellationToken stopping) =>
        CallAsync<LeaseReply>(
            HttpMethod.Post, $"v1/pools/{Uri.EscapeDataString(pool)}/leases", request, PollLimit, stopping);

    /// <summary>Says that the leases are alive.</summary>
    internal Task<HeartbeatReply> HeartbeatAsync(HeartbeatRequest request, CancellationToken stopping) =>
        CallAsync<HeartbeatReply>(HttpMethod.Post, "v1/heartbeats", request, HeartbeatLimit, stopping);

    /// <summary>Delivers results; the answer has receipts, by token: none for a result the silo could not judge yet.</summary>
    internal async Task<IReadOnlyDictionary<string, CompletionReceipt>> CompleteAsync(
        CompletionRequest request, CancellationToken stopping)
    {
        long bytes = request.Completions.Sum(completion => (long)(completion.Series?.Length ?? 0));
        CompletionReply reply =
            await CallAsync<CompletionReply>(HttpMethod.Post, "v1/completions", request, CallLimit + Slow(bytes), stopping);
        return reply.Receipts.DistinctBy(r => r.Token).ToDictionary(r => r.Token);
    }

    /// <summary>Stores a blob; one that is there already is no error.</summary>
    internal async Task UploadAsync(BlobReference blob, string path, CancellationToken stopping)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"v1/blobs:upload?sha256={blob.Sha256}")
        {
            Content = new StreamContent(file),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        request.Content.Headers.ContentLength = file.Length;
        await SendAsync(request, BlobLimitFor(blob.Bytes), (_, _) => Task.FromResult(0), stopping);
    }

    /// <summary>Copies a blob to <paramref name="target"/>. The bytes are not checked here.</summary>
    internal async Task DownloadAsync(BlobReference blob, Stream target, CancellationToken stopping)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"v1/blobs/{blob.Sha256}");
        await SendAsync(
            request,
            BlobLimitFor(blob.Bytes),
            async (response, limit) =>
            {
                await using Stream body = await response.Content.ReadAsStreamAsync(limit);
                await CopyAsync(body, target, limit);
                return 0;
            },
            stopping);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>As Stream.CopyToAsync, but an error in reading is the silo's and an error in writing is the disk's.</summary>
    private static async Task CopyAsync(Stream body, Stream target, CancellationToken limit)
    {
        byte[] buffer = new byte[1 << 16];
        while (true)
        {
            int read;
            try
            {
                read = await body.ReadAsync(buffer, limit);
            }
            catch (IOException e)
            {
                throw new SiloUnreachableException($"The transfer broke off: {e.Message}", e);
            }

            if (read == 0)
            {
                return;
            }

            await target.WriteAsync(buffer.AsMemory(0, read), limit);
        }
    }

    private static TimeSpan BlobLimitFor(long bytes) => BlobLimit + Slow(bytes);

    private static TimeSpan Slow(long bytes) => TimeSpan.FromSeconds((double)bytes / SlowBytesPerSecond);

    private async Task<T> CallAsync<T>(
        HttpMethod method, string path, object body, TimeSpan limit, CancellationToken stopping)
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Content = JsonContent.Create(body, body.GetType(), options: WireJson.Options),
        };
        return await SendAsync(
            request,
            limit,
            async (response, token) =>
            {
                try
                {
                    return await response.Content.ReadFromJsonAsync<T>(WireJson.Options, token)
                        ?? throw new SiloUnreachableException($"{path} was answered by nothing.");
                }
                catch (IOException e)
                {
                    throw new SiloUnreachableException($"The answer to {path} broke off: {e.Message}", e);
                }
                catch (JsonException e)
                {
                    // Another program, or a proxy's page: wait until a silo is there again.
                    throw new SiloUnreachableException($"{path} was not answered by a silo: {e.Message}", e);
                }
            },
            stopping);
    }

    private async Task<T> SendAsync<T>(
        HttpRequestMessage request,
        TimeSpan limit,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        CancellationToken stopping)
    {
        using var clock = new CancellationTokenSource(limit, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, stopping);
        try
        {
            using HttpResponseMessage response =
                await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            if (!response.IsSuccessStatusCode)
            {
                await ThrowAsync(response, both.Token);
            }

            return await read(response, both.Token);
        }
        catch (OperationCanceledException e) when (!stopping.IsCancellationRequested)
        {
            throw new SiloUnreachableException($"No answer within {limit.TotalSeconds:0} s.", e);
        }
        catch (Exception e) when (e is HttpRequestException or HttpIOException)
        {
            throw new SiloUnreachableException(e.Message, e);
        }
    }

    private static async Task ThrowAsync(HttpResponseMessage response, CancellationToken limit)
    {
        string text = await response.Content.ReadAsStringAsync(limit);
        string message = string.Create(
            CultureInfo.InvariantCulture, $"{(int)response.StatusCode} {response.ReasonPhrase}: {Detail(text)}");
        bool temporary = (int)response.StatusCode >= 500
            || response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests;
        throw temporary
            ? new SiloUnreachableException(message)
            : new SiloRefusedException(response.StatusCode, message);
    }

    /// <summary>The detail of RFC 9457 problem details, or the text itself.</summary>
    private static string Detail(string text)
    {
        try
        {
            using var problem = JsonDocument.Parse(text);
            foreach (string name in new[] { "detail", "title" })
            {
                if (problem.RootElement.ValueKind == JsonValueKind.Object
                    && problem.RootElement.TryGetProperty(name, out JsonElement value)
                    && value.ValueKind == JsonValueKind.String)
                {
                    text = value.GetString()!;
                    break;
                }
            }
        }
        catch (JsonException)
        {
            // Not problem details: shown as it is.
        }

        return text.Length <= LongestDetail ? text : text[..LongestDetail] + "…";
    }
}
