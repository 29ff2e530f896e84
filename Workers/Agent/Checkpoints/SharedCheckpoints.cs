using Orchestrator.Contracts.Leases;
using Orchestrator.Workers.Agent.Storage;

namespace Orchestrator.Workers.Agent.Checkpoints;

/// <summary>
/// The silo's own blob folder, used directly (--blobs): nothing is sent, nothing is cached, and nothing needs a silo to
/// be there.
/// </summary>
internal sealed class SharedCheckpoints(string folder) : ICheckpoints
{
    /// <inheritdoc/>
    public async Task<CheckpointLoan> BorrowAsync(BlobReference blob, CancellationToken stopping)
    {
        string path = BlobFile.PathIn(folder, blob.Sha256);
        return await BlobFile.DefectAsync(path, blob, stopping) is { } defect
            ? throw new CheckpointLostException($"The checkpoint {blob.Sha256} cannot be used: {defect}.")
            : new CheckpointLoan(path, static () => { });
    }

    /// <inheritdoc/>
    public async Task KeepAsync(BlobReference blob, string file, CancellationToken stopping)
    {
        if (await BlobFile.DefectAsync(file, blob, stopping) is { } defect)
        {
            throw new CheckpointMismatchException($"The trainer's checkpoint is not what it said: {defect}.");
        }

        // Also over a file that is there: it may be one whose bytes were changed, which this mends.
        DurableFile.Adopt(file, BlobFile.PathIn(folder, blob.Sha256));
    }

    /// <inheritdoc/>
    public void Resume(BlobReference blob)
    {
        // It is at its final place already.
    }

    /// <inheritdoc/>
    public async Task PublishAsync(BlobReference blob, CancellationToken stopping)
    {
        string path = BlobFile.PathIn(folder, blob.Sha256);
        if (await BlobFile.DefectAsync(path, blob, stopping) is { } defect)
        {
            throw new CheckpointLostException($"The checkpoint {blob.Sha256} of a finished segment cannot be used: {defect}.");
        }
    }
}
