using System.Net;
using Orchestrator.Silo.Api;

namespace Orchestrator.Silo.Auth;

/// <summary>
/// Keeps web pages from driving a local silo: refuses a Host that is not its own (DNS rebinding) and any foreign
/// Origin, and takes bodies only as application/json, which a page cannot send elsewhere without being asked first.
/// </summary>
internal sealed class LocalRequestsOnly(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext http)
    {
        string host = http.Request.Host.Host;
        bool own = host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));
        if (!own || (http.Request.Host.Port ?? 80) != http.Connection.LocalPort)
        {
            await Problems.Of(StatusCodes.Status421MisdirectedRequest, "Not my host", $"This silo is not '{http.Request.Host}'. Address it as 127.0.0.1 or localhost with its own port.").ExecuteAsync(http);
            return;
        }

        string? origin = http.Request.Headers.Origin;
        if (!string.IsNullOrEmpty(origin) && origin != $"{http.Request.Scheme}://{http.Request.Host}")
        {
            await Problems.Of(StatusCodes.Status403Forbidden, "Foreign origin", $"Pages of '{origin}' may not use this silo.").ExecuteAsync(http);
            return;
        }

        bool body = http.Request.ContentLength > 0 || http.Request.Headers.TransferEncoding.Count > 0;
        bool upload = http.Request.Path.Value == "/v1/blobs:upload";
        string type = (http.Request.ContentType ?? "").Split(';')[0].Trim();
        if (body && type != (upload ? "application/octet-stream" : "application/json"))
        {
            await Problems.Of(StatusCodes.Status415UnsupportedMediaType, "Unsupported media type", $"The body is '{type}'; {(upload ? "application/octet-stream" : "application/json")} is wanted.").ExecuteAsync(http);
            return;
        }

        await next(http);
    }
}
