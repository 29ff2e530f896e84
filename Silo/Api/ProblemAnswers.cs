using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Orchestrator.Contracts.Client;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Silo.Api;

/// <summary>Turns what goes wrong in a request into problem details; a full or failing store is "come again", never lost.</summary>
internal sealed partial class ProblemAnswers(RequestDelegate next, ILogger<ProblemAnswers> logger)
{
    public async Task InvokeAsync(HttpContext http)
    {
        try
        {
            await next(http);
        }
        catch (Exception e) when (!http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested)
        {
            await Answer(http, e).ExecuteAsync(http);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for the answer any more.
        }
    }

    private IResult Answer(HttpContext http, Exception e)
    {
        switch (e)
        {
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                long most = http.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize ?? RequestLimits.UserBody;
                return Problems.Of(StatusCodes.Status413PayloadTooLarge, "Too large", $"The body is larger than the {most} bytes that are taken here.");
            case BadHttpRequestException { InnerException: JsonException inner }:
                return Problems.BadInput($"The body is not the JSON that is wanted here: {inner.Message}");
            case BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest } bad:
                return Problems.BadInput(bad.Message);
            case BadHttpRequestException bad:
                return Problems.Of(bad.StatusCode, "Bad request", bad.Message);
            case JsonException json:
                return Problems.BadInput($"The body is not the JSON that is wanted here: {json.Message}");
            case BlobMismatchException mismatch:
                return Problems.BadInput(mismatch.Message);
            case StoreFullException full when http.Request.Path.StartsWithSegments("/v1/blobs:upload"):
                return Problems.Of(StatusCodes.Status507InsufficientStorage, "No room", full.Message);
            case StoreFullException or StoreUnavailableException or StaleJobException or TimeoutException:
                http.Response.Headers.RetryAfter = "1";
                return Problems.Of(StatusCodes.Status503ServiceUnavailable, "Come again", e.Message);
            case OrchestratorException known:
                return Problems.Of(StatusCodes.Status500InternalServerError, "Internal error", known.Message);
            default:
                LogUnexpected(logger, http.Request.Method, http.Request.Path, e);
                http.Response.Headers.RetryAfter = "1";
                return Problems.Of(StatusCodes.Status500InternalServerError, "Internal error", $"{e.GetType().Name}: {e.Message}");
        }
    }

    [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed.")]
    private static partial void LogUnexpected(ILogger logger, string method, string path, Exception e);
}
