using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Logging;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Agent.Tests;

/// <summary>
/// The worker part of the HTTP API over a real socket, with a queue of leases to hand out and everything that was said
/// to it. It can go away and come back on the same port.
/// </summary>
internal sealed class SiloStub : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Queue<Lease> _waiting = new();
    private readonly Dictionary<string, IReadOnlyList<Lease>> _granted = [];
    private readonly List<(Func<bool> Condition, TaskCompletionSource Met)> _waiters = [];
    private readonly List<WorkerRegistration> _registrations = [];
    private readonly List<LeaseRequest> _leaseRequests = [];
    private readonly List<HeartbeatRequest> _heartbeats = [];
    private readonly List<Completion> _completions = [];
    private readonly int _port = FreePort();
    private WebApplication? _app;

    internal Uri Address => new($"http://127.0.0.1:{_port}/");

    /// <summary>Bytes by SHA-256, as the silo has them.</summary>
    internal ConcurrentDictionary<string, byte[]> Blobs { get; } = new();

    /// <summary>Blobs that were asked for, each time.</summary>
    internal ConcurrentQueue<string> Downloads { get; } = new();

    internal IReadOnlyList<WorkerRegistration> Registrations => SoFar(_registrations);

    internal IReadOnlyList<LeaseRequest> LeaseRequests => SoFar(_leaseRequests);

    internal IReadOnlyList<HeartbeatRequest> Heartbeats => SoFar(_heartbeats);

    /// <summary>Every completion, retries too, in order of arrival.</summary>
    internal IReadOnlyList<Completion> Completions => SoFar(_completions);

    internal Dictionary<string, StopReason> Stops { get; } = [];

    /// <summary>Grants that are made and whose answers get lost.</summary>
    internal int AnswersToLose { get; set; }

    /// <summary>Completions that are received and whose receipts get lost.</summary>
    internal int LosesReceipts { get; set; }

    internal bool WorkersUnknown { get; set; }

    /// <summary>Called when an upload has come, which is answered when that ends.</summary>
    internal Func<Task> Uploading { get; set; } = () => Task.CompletedTask;

    internal double HeartbeatSeconds { get; set; } = 0.2;

    internal Func<WorkerRegistration, IResult?> Admission { get; set; } = _ => null;

    internal static async Task<SiloStub> StartAsync()
    {
        var stub = new SiloStub();
        await stub.ComeBackAsync();
        return stub;
    }

    internal async Task GoAwayAsync()
    {
        if (_app is { } app)
        {
            _app = null;
            using var now = new CancellationTokenSource();
            await now.CancelAsync();
            await app.StopAsync(now.Token); // connections are cut, polls too
            await app.DisposeAsync();
        }
    }

    internal async Task ComeBackAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(Address.ToString().TrimEnd('/'));
        WebApplication app = builder.Build();
        app.MapPut("/v1/pools/{pool}/workers/{worker}", (HttpRequest request) => RegisterAsync(request));
        app.MapPost("/v1/pools/{pool}/leases", (HttpContext context) => LeaseAsync(context));
        app.MapPost("/v1/heartbeats", (HttpRequest request) => HeartbeatAsync(request));
        app.MapPost("/v1/completions", (HttpContext context) => CompleteAsync(context));
        app.MapPost("/v1/blobs:upload", (HttpRequest request, string sha256) => UploadAsync(request, sha256));
        app.MapGet("/v1/blobs/{sha256}", (string sha256) =>
        {
            Downloads.Enqueue(sha256);
            return Blobs.TryGetValue(sha256, out byte[]? bytes) ? (IResult)TypedResults.Bytes(bytes) : TypedResults.NotFound();
        });
        await app.StartAsync();
        _app = app;
    }

    internal void Offer(params IEnumerable<Lease> leases)
    {
        lock (_gate)
        {
            foreach (Lease lease in leases)
            {
                _waiting.Enqueue(lease);
            }
        }

        Notice();
    }

    internal void Stop(string token, StopReason reason)
    {
        lock (_gate)
        {
            Stops[token] = reason;
        }
    }

    /// <summary>The first completion of a lease.</summary>
    internal async Task<Completion> CompletionAsync(string token)
    {
        await UntilAsync(() => Completions.Any(c => c.Token == token), $"a completion of {token}");
        return Completions.First(c => c.Token == token);
    }

    /// <summary>Ends when something was said that makes <paramref name="condition"/> true.</summary>
    internal async Task UntilAsync(Func<bool> condition, string what)
    {
        var met = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiters.Add((condition, met));
        }

        Notice();
        try
        {
            await met.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"The stub waited in vain for {what}.", e);
        }
    }

    public async ValueTask DisposeAsync() => await GoAwayAsync();

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>A copy: requests go on to come while a test looks.</summary>
    private T[] SoFar<T>(List<T> said)
    {
        lock (_gate)
        {
            return [.. said];
        }
    }

    private static async Task<T> ReadAsync<T>(HttpRequest request) =>
        (await request.ReadFromJsonAsync<T>(WireJson.Options))!;

    private static JsonHttpResult<T> Answer<T>(T body) => TypedResults.Json(body, WireJson.Options);

    private async Task<IResult> RegisterAsync(HttpRequest request)
    {
        WorkerRegistration registration = await ReadAsync<WorkerRegistration>(request);
        if (Admission(registration) is { } refused)
        {
            return refused;
        }

        lock (_gate)
        {
            _registrations.Add(registration);
            WorkersUnknown = false;
        }

        Notice();
        return Answer(new WorkerRegistered(HeartbeatSeconds, 60));
    }

    private async Task LeaseAsync(HttpContext context)
    {
        LeaseRequest request = await ReadAsync<LeaseRequest>(context.Request);
        IReadOnlyList<Lease>? grant = null;
        bool unknown;
        lock (_gate)
        {
            _leaseRequests.Add(request);
            unknown = WorkersUnknown;
        }

        Notice();
        if (!unknown)
        {
            var filled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_gate)
            {
                _waiters.Add((() => TryGrant(request, out grant), filled));
            }

            Notice();
            await Task.WhenAny(filled.Task, Task.Delay(TimeSpan.FromSeconds(15), TimeProvider.System, context.RequestAborted));
        }

        bool lost;
        lock (_gate)
        {
            lost = grant is not null && AnswersToLose > 0;
            AnswersToLose -= lost ? 1 : 0;
        }

        Notice();
        if (lost)
        {
            context.Abort();
            return;
        }

        await Answer(new LeaseReply(grant ?? [], unknown)).ExecuteAsync(context);
    }

    private bool TryGrant(LeaseRequest request, out IReadOnlyList<Lease>? grant)
    {
        if (_granted.TryGetValue(request.RequestId, out grant))
        {
            return true;
        }

        int wanted = request.Free > 0 ? request.Free + request.Ahead : _waiting.Count > 0 ? request.Ahead : 0;
        if (_waiting.Count == 0 || wanted == 0)
        {
            return false;
        }

        var leases = new List<Lease>();
        while (leases.Count < wanted && _waiting.TryDequeue(out Lease? lease))
        {
            leases.Add(lease);
        }

        _granted[request.RequestId] = leases;
        grant = leases;
        return true;
    }

    private async Task<IResult> HeartbeatAsync(HttpRequest request)
    {
        HeartbeatRequest heartbeat = await ReadAsync<HeartbeatRequest>(request);
        HeartbeatReply reply;
        lock (_gate)
        {
            _heartbeats.Add(heartbeat);
            reply = new HeartbeatReply(
                [.. heartbeat.Leases.Where(l => Stops.ContainsKey(l.Token)).Select(l => new LeaseStop(l.Token, Stops[l.Token]))],
                WorkersUnknown);
        }

        Notice();
        return Answer(reply);
    }

    private async Task CompleteAsync(HttpContext context)
    {
        CompletionRequest request = await ReadAsync<CompletionRequest>(context.Request);
        var receipts = new List<CompletionReceipt>();
        lock (_gate)
        {
            foreach (Completion completion in request.Completions)
            {
                bool again = Completions.Any(c => c.Token == completion.Token);
                receipts.Add(new(completion.Token, again ? CompletionVerdict.Retry : CompletionVerdict.Accepted));
                _completions.Add(completion);
            }
        }

        bool lost;
        lock (_gate)
        {
            lost = LosesReceipts > 0;
            LosesReceipts -= lost ? 1 : 0;
        }

        Notice();
        if (lost)
        {
            context.Abort();
            return;
        }

        await Answer(new CompletionReply(receipts)).ExecuteAsync(context);
    }

    private async Task<IResult> UploadAsync(HttpRequest request, string sha256)
    {
        using var bytes = new MemoryStream();
        await request.Body.CopyToAsync(bytes);
        await Uploading();
        string found = Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray()));
        if (found != sha256)
        {
            return TypedResults.BadRequest($"bytes of {found}");
        }

        Blobs[sha256] = bytes.ToArray();
        Notice();
        return TypedResults.NoContent();
    }

    private void Notice()
    {
        var met = new List<TaskCompletionSource>();
        lock (_gate)
        {
            for (int i = 0; i < _waiters.Count;)
            {
                if (_waiters[i].Met.Task.IsCompleted || !_waiters[i].Condition())
                {
                    i++;
                    continue;
                }

                met.Add(_waiters[i].Met);
                _waiters.RemoveAt(i);
            }
        }

        met.ForEach(m => m.TrySetResult());
    }
}
