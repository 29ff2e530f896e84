using System.Net;
using System.Net.Sockets;
using Orchestrator.Contracts.Client;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.Contracts.Tests.Client;

/// <summary>A server that is killed as a client connects is unreachable, at whichever moment: no other error.</summary>
public sealed class DroppedConnectionTests
{
    /// <summary>The moment is rare, about one in a hundred: it is met for certain in so many.</summary>
    private const int Calls = 1000;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reset_between_the_connection_and_the_request_is_a_failed_request()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var handler = new SocketsHttpHandler { ConnectCallback = async (_, ct) => await ConnectedAndResetAsync(listener, ct) };
        var address = new Uri($"http://{listener.LocalEndpoint}");

        using (var bare = new HttpMessageInvoker(handler, disposeHandler: false))
        {
            await Assert.ThrowsAsync<SocketException>(() => bare.SendAsync(new(HttpMethod.Get, address), Ct)); // Else the handler can go.
        }

        using var http = new HttpClient(new DroppedConnectionHandler(handler));
        HttpRequestException failed = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(address, Ct));
        Assert.Equal(HttpRequestError.ConnectionError, failed.HttpRequestError);
        Assert.Contains(address.Authority, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_call_to_a_server_that_resets_its_connections_says_that_it_is_unreachable()
    {
        await using var server = new ResettingServer();
        using var api = new HttpJobsApi(server.Address);
        for (int i = 0; i < Calls; i++)
        {
            await Assert.ThrowsAsync<ServerUnreachableException>(() => api.GetAsync("j", Ct));
        }
    }

    private static async Task<Stream> ConnectedAndResetAsync(TcpListener listener, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndpoint, ct);
        ResettingServer.Reset(await listener.AcceptSocketAsync(ct));
        socket.Poll(TimeSpan.FromSeconds(20), SelectMode.SelectRead);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
