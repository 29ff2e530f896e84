using System.Net;
using System.Net.Sockets;

namespace Orchestrator.TestKit.Processes;

/// <summary>
/// A free port for a server that will be killed and started again on it. It lies below those that the kernel hands out
/// by itself, so that no connection takes it while the server is away.
/// </summary>
public static class FixedPort
{
    private const int First = 20_000;
    private const int Count = 12_000;
    private static int _next = Environment.ProcessId * 17 % Count;

    /// <summary>The next free one; another one for every call, and for every test process.</summary>
    public static int Take()
    {
        while (true)
        {
            int port = First + (Interlocked.Increment(ref _next) % Count);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }
}
