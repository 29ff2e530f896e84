using System.Net.Sockets;

namespace Orchestrator.Contracts.Client;

/// <summary>
/// Makes a <see cref="SocketException"/> of the handler below the <see cref="HttpRequestException"/> that callers expect.
/// </summary>
/// <remarks>
/// <see cref="SocketsHttpHandler"/> asks a fresh connection for its remote end point, and lets through what the socket
/// throws when the peer has reset the connection since: so it does where a server is killed as a client connects.
/// </remarks>
public sealed class DroppedConnectionHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <inheritdoc/>
    /// <exception cref="HttpRequestException">The connection could not be made, or broke.</exception>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (SocketException e)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, $"{e.Message} ({request.RequestUri?.Authority})", e);
        }
    }
}
