using System.Net;
using System.Net.Sockets;

namespace Orchestrator.TestKit.Processes;

/// <summary>Accepts connections and resets each at once: what a client sees of a server that is killed as it connects.</summary>
public sealed class ResettingServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _resetting;

    /// <summary>Listens at a free port.</summary>
    public ResettingServer()
    {
        _listener.Start();
        Address = new Uri($"http://{_listener.LocalEndpoint}");
        _resetting = Task.Run(ResetAllAsync);
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _resetting;
    }

    private async Task ResetAllAsync()
    {
        try
        {
            while (true)
            {
                Reset(await _listener.AcceptSocketAsync());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    /// <summary>Closes a connection by a reset in place of an end.</summary>
    public static void Reset(Socket connection)
    {
        connection.LingerState = new LingerOption(enable: true, seconds: 0);
        connection.Dispose();
    }
}
