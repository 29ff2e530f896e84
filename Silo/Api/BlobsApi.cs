using Microsoft.AspNetCore.Http.Features;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Silo.Api;

/// <summary>Bytes of checkpoints for agents that do not share a folder with the silo. Write-once.</summary>
internal static class BlobsApi
{
    public static void MapBlobs(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/blobs/{sha256}", GetAsync).WithName("getBlob")
            .Produces<byte[]>(StatusCodes.Status200OK, "application/octet-stream").ProducesProblem(StatusCodes.Status404NotFound);
        app.MapPost("/v1/blobs:upload", UploadAsync).WithName("uploadBlob").Accepts<byte[]>("application/octet-stream")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status507InsufficientStorage);
    }

    private static async Task<IResult> GetAsync(string sha256, IBlobStore blobs, CancellationToken ct)
    {
        if (!BlobReference.IsAddress(sha256))
        {
            return Problems.BadInput($"'{sha256}' is no address of a blob; 64 lower-case hexadecimal digits are wanted.");
        }

        return await blobs.OpenAsync(sha256, ct) is { } stream
            ? TypedResults.Stream(stream, "application/octet-stream", enableRangeProcessing: true)
            : Problems.NotFound($"There is no blob {sha256}.");
    }

    private static async Task<IResult> UploadAsync(HttpContext http, string sha256, IBlobStore blobs, CancellationToken ct)
    {
        if (!BlobReference.IsAddress(sha256))
        {
            return Problems.BadInput($"'{sha256}' is no address of a blob; 64 lower-case hexadecimal digits are wanted.");
        }

        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        await blobs.PutAsync(sha256, http.Request.Body, ct);
        return TypedResults.Ok(new { sha256 });
    }
}
