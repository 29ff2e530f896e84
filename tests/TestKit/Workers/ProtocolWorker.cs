using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.TestKit.Workers;

/// <summary>
/// A worker that speaks the worker API of a silo and trains the noisy quadratic in memory (<see cref="QuadraticSegment"/>):
/// whole jobs run to their end in milliseconds, without an agent and without torch. Its calls can be made one by one, to
/// misbehave at will, or all by <see cref="RunAsync"/>.
/// </summary>
/// <param name="silo">Where the silo is now; it may move.</param>
/// <param name="pool">Its pool.</param>
/// <param name="name">Its name.</param>
/// <param name="slots">Segments at once.</param>
public sealed class ProtocolWorker(Func<Uri> silo, string pool, string name = "worker", int slots = 1) : IDisposable
{
    /// <summary>Digest of the trainer it offers.</summary>
    public const string Digest = "protocol-worker-1";

    /// <summary>Numeric class of the trainer it offers.</summary>
    public const string Class = "cpu-x64-avx2-t1-libtorch2.10";

    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(25);

    private readonly HttpClient _http = new(new DroppedConnectionHandler(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) }))
    {
        Timeout = TimeSpan.FromSeconds(60),
    };

    private readonly ConcurrentDictionary<string, byte[]> _checkpoints = new();
    private readonly ConcurrentDictionary<string, Lease> _held = new();
    private readonly ConcurrentDictionary<string, (Completion Completion, byte[]? Checkpoint)> _trained = new();
    private int _answers;
    private long _stepsRun;

    /// <summary>Random id of this run of it.</summary>
    public string Instance { get; private set; } = Guid.NewGuid().ToString("N");

    /// <summary>Called with the number of requests that were answered, after each of them.</summary>
    public Action<int>? OnAnswer { get; set; }

    /// <summary>Changes a completion before it is sent: by this it lies.</summary>
    public Func<Lease, Completion, Completion> Tamper { get; set; } = (_, completion) => completion;

    /// <summary>Steps of the segments it ran: more than the job's purses say, and something was run twice.</summary>
    public long StepsRun => Interlocked.Read(ref _stepsRun);

    /// <summary>What it registers as.</summary>
    public WorkerRegistration Registration { get; set; } = new()
    {
        Instance = "",
        Slots = slots,
        Devices = ["cpu"],
        Version = "0",
        Trainers = [new OfferedTrainer(null, Description())],
    };

    /// <summary>It was killed and started again: nothing is known of its leases but what it spooled.</summary>
    public void StartAnew()
    {
        Instance = Guid.NewGuid().ToString("N");
        _held.Clear();
    }

    /// <summary>Says what it is.</summary>
    public Task<WorkerRegistered> RegisterAsync(params IReadOnlyList<string> spooled) => CallAsync<WorkerRegistered>(
        HttpMethod.Put, $"v1/pools/{pool}/workers/{name}", Registration with { Instance = Instance, Spooled = spooled });

    /// <summary>Polls for leases once.</summary>
    public Task<LeaseReply> LeaseAsync(int free = 1, int ahead = 0, string? requestId = null) => PollAsync(free, ahead, requestId, default);

    /// <summary>Polls for a lease, and leaves when it is told to.</summary>
    public Task<LeaseReply> PollAsync(CancellationToken leaves) => PollAsync(1, 0, null, leaves);
    /// <summary>Polls until it has a lease; five polls without one say that none will come.</summary>
    public async Task<Lease> LeaseOneAsync()
    {
        for (int polls = 0; polls < 5; polls++)
        {
            LeaseReply reply = await LeaseAsync();
            if (reply.Unknown)
            {
                throw new InvalidOperationException($"The silo does not know worker {name}.");
            }

            if (reply.Leases is [var lease])
            {
                return lease;
            }
        }

        throw new TimeoutException($"Worker {name} polled in vain.");
    }

    /// <summary>Says how far its leases are.</summary>
    public Task<HeartbeatReply> HeartbeatAsync(params IReadOnlyList<LeaseProgress> leases) => CallAsync<HeartbeatReply>(
        HttpMethod.Post, "v1/heartbeats", new HeartbeatRequest(pool, name, Instance, leases));

    /// <summary>Trains a segment and uploads its checkpoint; the completion to send. Trains a lease only once.</summary>
    public async Task<Completion> TrainAsync(Lease lease)
    {
        if (!_trained.TryGetValue(lease.Token, out (Completion Completion, byte[]? Checkpoint) done))
        {
            byte[]? parent = lease.Work.Parent is { } blob ? await FetchAsync(blob.Sha256) : null;
            done = _trained[lease.Token] = QuadraticSegment.Run(lease, parent);
            Interlocked.Add(ref _stepsRun, done.Completion.Steps);
        }

        if (done.Checkpoint is { } checkpoint)
        {
            _checkpoints[done.Completion.Checkpoint!.Sha256] = checkpoint;
            await UploadAsync(checkpoint);
        }

        return done.Completion;
    }

    /// <summary>Sends completions; the receipts in their order.</summary>
    public async Task<IReadOnlyList<CompletionReceipt>> CompleteAsync(params IReadOnlyList<Completion> completions)
    {
        CompletionReply reply = await CallAsync<CompletionReply>(
            HttpMethod.Post, "v1/completions", new CompletionRequest(pool, name, Instance, completions));
        foreach (Completion completion in completions)
        {
            _held.TryRemove(completion.Token, out _);
            _trained.TryRemove(completion.Token, out _);
        }

        return reply.Receipts;
    }

    /// <summary>Trains a segment and sends its result.</summary>
    public async Task<CompletionReceipt> FinishAsync(Lease lease) => (await CompleteAsync(Tamper(lease, await TrainAsync(lease))))[0];

    /// <summary>Uploads a blob under an address; its own hash, unless another is given.</summary>
    public async Task UploadAsync(byte[] bytes, string? sha256 = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"v1/blobs:upload?sha256={sha256 ?? QuadraticSegment.Hash(bytes)}")
        {
            Content = new ByteArrayContent(bytes),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using HttpResponseMessage response = await SendAsync(request, default);
    }

    /// <summary>Runs everything there is until it is told to stop, and through whatever happens to the silo.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            WorkerRegistered known = await InsistAsync(() => RegisterAsync(), stop);
            Task heartbeats = BeatAsync(TimeSpan.FromSeconds(known.HeartbeatSeconds), stop);
            await WorkAsync(stop);
            await heartbeats;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // It was told to.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static TrainerDescription Description() => new()
    {
        Protocol = TrainerProtocol.Version,
        Trainer = new TrainerIdentity("protocol-worker", "1", Digest),
        Deterministic = true,
        Class = Class,
        Workloads =
        [
            new WorkloadDescription
            {
                Name = "noisy-quadratic",
                Settings = JsonSerializer.Deserialize<JsonElement>(
                    """
                    {"type":"object","properties":{"momentum":{"type":"number","minimum":0,"exclusiveMaximum":1,"default":0.9}},
                     "additionalProperties":false}
                    """),
                Metrics = ["validation_loss"],
                Capabilities = [TrainerCapabilities.EarlierLosses],
            },
        ],
    };

    private async Task<LeaseReply> PollAsync(int free, int ahead, string? requestId, CancellationToken leaves)
    {
        var request = new LeaseRequest(name, Instance, requestId ?? Guid.NewGuid().ToString("N"), free, ahead);
        LeaseReply reply = await CallAsync<LeaseReply>(HttpMethod.Post, $"v1/pools/{pool}/leases", request, leaves);
        foreach (Lease lease in reply.Leases)
        {
            _held[lease.Token] = lease;
        }

        return reply;
    }

    private async Task WorkAsync(CancellationToken stop)
    {
        while (true)
        {
            string id = Guid.NewGuid().ToString("N");
            LeaseReply reply = await InsistAsync(() => PollAsync(slots, 0, id, stop), stop);
            if (reply.Unknown)
            {
                await InsistAsync(() => RegisterAsync(), stop);
            }

            await Task.WhenAll(reply.Leases.Select(async lease =>
            {
                Completion completion = await InsistAsync(() => TrainAsync(lease), stop);
                await InsistAsync(() => CompleteAsync(Tamper(lease, completion)), stop);
            }));
        }
    }

    private async Task BeatAsync(TimeSpan every, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(every, TimeProvider.System);
        while (await timer.WaitForNextTickAsync(stop))
        {
            await InsistAsync(() => HeartbeatAsync([.. _held.Keys.Select(token => new LeaseProgress(token, 0))]), stop);
        }
    }

    private async Task<byte[]> FetchAsync(string sha256)
    {
        if (_checkpoints.TryGetValue(sha256, out byte[]? known))
        {
            return known;
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, $"v1/blobs/{sha256}");
        using HttpResponseMessage response = await SendAsync(request, default);
        return _checkpoints[sha256] = await response.Content.ReadAsByteArrayAsync();
    }

    private async Task<T> CallAsync<T>(HttpMethod method, string path, object body, CancellationToken ct = default)
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Content = JsonContent.Create(body, body.GetType(), options: WireJson.Options),
        };
        using HttpResponseMessage response = await SendAsync(request, ct);
        return (await response.Content.ReadFromJsonAsync<T>(WireJson.Options, ct))!;
    }

    /// <summary>Sends a request; an answer that is no success is an exception with its status and text.</summary>
    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct)
    {
        request.RequestUri = new Uri(silo(), request.RequestUri!);
        HttpResponseMessage response = await _http.SendAsync(request, ct);
        if (response.IsSuccessStatusCode)
        {
            OnAnswer?.Invoke(Interlocked.Increment(ref _answers));
            return response;
        }

        using (response)
        {
            throw new HttpRequestException(await response.Content.ReadAsStringAsync(ct), null, response.StatusCode);
        }
    }

    /// <summary>Repeats what a silo that is away, or that has no room, did not answer; a refusal is an error.</summary>
    private static async Task<T> InsistAsync<T>(Func<Task<T>> call, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                return await call();
            }
            catch (Exception e) when (e is HttpRequestException { StatusCode: null or >= System.Net.HttpStatusCode.InternalServerError } or IOException
                || (e is OperationCanceledException && !stop.IsCancellationRequested))
            {
                await Task.Delay(Again, TimeProvider.System, stop);
            }
        }
    }
}
