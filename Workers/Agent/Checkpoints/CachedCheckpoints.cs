using Microsoft.Extensions.Logging;
using Orchestrator.Contracts.Leases;
using Orchestrator.Workers.Agent.Silo;
using Orchestrator.Workers.Agent.Storage;

namespace Orchestrator.Workers.Agent.Checkpoints;

/// <summary>
/// Checkpoints fetched from and sent to the silo, with those used last kept on disk up to a limit. A checkpoint whose
/// bytes changed on disk is dropped and fetched anew.
/// </summary>
internal sealed partial class CachedCheckpoints(string folder, long limitBytes, SiloClient silo, SiloLink link, ILogger logger)
    : ICheckpoints
{
    private const int Turns = 64;
    private readonly CacheIndex _index = CacheIndex.Open(folder, limitBytes);

    // One at a time a checkpoint, so that two slots that fork it fetch it once. A fixed number of them, since an agent
    // sees any number of checkpoints: now and then one waits for another's sake, and then is there at once.
    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, Turns).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Bytes on disk.</summary>
    internal long Bytes => _index.Bytes;

    /// <inheritdoc/>
    public async Task<CheckpointLoan> BorrowAsync(BlobReference blob, CancellationToken stopping)
    {
        string path = BlobFile.PathIn(folder, blob.Sha256);
        SemaphoreSlim turn = _turns[Convert.ToInt32(blob.Sha256[..2], 16) % Turns];
        await turn.WaitAsync(stopping);
        _index.Pin(blob.Sha256);
        try
        {
            string? defect = await BlobFile.DefectAsync(path, blob, stopping);
            if (defect is not null)
            {
                if (_index.Remove(blob.Sha256))
                {
                    LogChanged(blob.Sha256, defect);
                }

                await FetchAsync(blob, path, stopping);
            }

            _index.Use(blob.Sha256, blob.Bytes);
            return new CheckpointLoan(path, () => _index.Unpin(blob.Sha256));
        }
        catch
        {
            _index.Unpin(blob.Sha256);
            throw;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public async Task KeepAsync(BlobReference blob, string file, CancellationToken stopping)
    {
        if (await BlobFile.DefectAsync(file, blob, stopping) is { } defect)
        {
            throw new CheckpointMismatchException($"The trainer's checkpoint is not what it said: {defect}.");
        }

        _index.Pin(blob.Sha256);
        try
        {
            DurableFile.Adopt(file, BlobFile.PathIn(folder, blob.Sha256));
            _index.Use(blob.Sha256, blob.Bytes);
        }
        catch
        {
            _index.Unpin(blob.Sha256);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Resume(BlobReference blob) => _index.Pin(blob.Sha256);

    /// <inheritdoc/>
    public async Task PublishAsync(BlobReference blob, CancellationToken stopping)
    {
        string path = BlobFile.PathIn(folder, blob.Sha256);
        if (await BlobFile.DefectAsync(path, blob, stopping) is { } defect)
        {
            _index.Remove(blob.Sha256);
            _index.Unpin(blob.Sha256);
            throw new CheckpointLostException($"The checkpoint {blob.Sha256} of a finished segment cannot be used: {defect}.");
        }

        try
        {
            await link.InsistAsync(
                async token =>
                {
                    await silo.UploadAsync(blob, path, token);
                    return 0;
                },
                stopping);
        }
        finally
        {
            _index.Unpin(blob.Sha256);
        }
    }

    private async Task FetchAsync(BlobReference blob, string path, CancellationToken stopping)
    {
        string temporary = DurableFile.TemporaryFor(path);
        try
        {
            await link.InsistAsync(
                async token =>
                {
                    await using FileStream file = File.Create(temporary, bufferSize: 0);
                    await silo.DownloadAsync(blob, file, token);
                    return 0;
                },
                stopping);
            if (await BlobFile.DefectAsync(temporary, blob, stopping) is { } defect)
            {
                throw new CheckpointLostException($"The checkpoint {blob.Sha256} cannot be used: what the silo sent is not it, {defect}.");
            }

            // Not synced: a cache that lost bytes in a power cut is noticed when it is read, and mended.
            File.Move(temporary, path, overwrite: true);
        }
        catch (SiloRefusedException e)
        {
            throw new CheckpointLostException($"The checkpoint {blob.Sha256} cannot be had: {e.Message}");
        }
        finally
        {
            DurableFile.DeleteQuietly(temporary);
        }
    }

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "The cached checkpoint {Sha256} was changed on disk ({Defect}); it is fetched anew.")]
    private partial void LogChanged(string sha256, string defect);
}
