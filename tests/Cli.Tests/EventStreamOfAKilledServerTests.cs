using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using Orchestrator.Contracts.Client;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.Cli.Tests;

/// <summary>A server that answered once is waited for, whether or not it had an event to tell.</summary>
public sealed class EventStreamOfAKilledServerTests
{
    private static readonly TimeSpan Hangs = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_stream_that_brought_nothing_before_it_broke_goes_on_when_the_server_is_back()
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        int port = FixedPort.Take();
        var clock = new PausesTold();
        using var api = new HttpJobsApi(new Uri($"http://127.0.0.1:{port}"), clock: clock);
        Task<List<string>> followed;
        using (var server = new TcpListener(IPAddress.Loopback, port))
        {
            server.Start();
            followed = FollowAsync(api, ct);
            await AnswerAsync(server, "", ct);
        }

        await clock.NextAsync(ct).WaitAsync(Hangs, ct);
        clock.Advance(TimeSpan.FromSeconds(1));
        await Task.WhenAny(clock.NextAsync(ct), followed).WaitAsync(Hangs, ct);
        Assert.False(followed.IsCompleted, "it gave up while the server was away");

        using var again = new TcpListener(IPAddress.Loopback, port);
        again.Start();
        clock.Advance(TimeSpan.FromSeconds(1));
        await AnswerAsync(again, "id: 1\nevent: job_ended\ndata: {}\n\n", ct);
        Assert.Equal(["job_ended"], await followed.WaitAsync(Hangs, ct));
    }

    [Fact]
    public async Task A_server_that_never_answered_is_reported_at_once()
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        using var api = new HttpJobsApi(new Uri($"http://127.0.0.1:{FixedPort.Take()}"), clock: new FakeTimeProvider());
        await Assert.ThrowsAsync<ServerUnreachableException>(() => FollowAsync(api, ct).WaitAsync(Hangs, ct));
    }

    private static async Task<List<string>> FollowAsync(HttpJobsApi api, CancellationToken ct)
    {
        var types = new List<string>();
        await foreach (var e in api.EventsAsync("j", 0, ct))
        {
            types.Add(e.Type);
        }

        return types;
    }

    /// <summary>Reads a request, answers with a stream of these events, and breaks the connection off.</summary>
    private static async Task AnswerAsync(TcpListener server, string events, CancellationToken ct)
    {
        using TcpClient client = await server.AcceptTcpClientAsync(ct).AsTask().WaitAsync(Hangs, ct);
        using var reader = new StreamReader(client.GetStream(), leaveOpen: true);
        while (await reader.ReadLineAsync(ct) is { Length: > 0 })
        {
            // To the end of its headers.
        }

        await client.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + events), ct);
    }

    /// <summary>Each pause between two connections is a timer.</summary>
    private sealed class PausesTold : FakeTimeProvider
    {
        private readonly Channel<TimeSpan> _begun = Channel.CreateUnbounded<TimeSpan>();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            ITimer timer = base.CreateTimer(callback, state, dueTime, period);
            _begun.Writer.TryWrite(dueTime);
            return timer;
        }

        public Task<TimeSpan> NextAsync(CancellationToken ct) => _begun.Reader.ReadAsync(ct).AsTask();
    }
}
