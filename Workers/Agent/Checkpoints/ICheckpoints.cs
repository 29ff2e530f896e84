using Orchestrator.Contracts.Leases;

namespace Orchestrator.Workers.Agent.Checkpoints;

/// <summary>Where a worker gets checkpoints from and leaves them. Safe for several threads.</summary>
internal interface ICheckpoints
{
    /// <summary>
    /// Finds a checkpoint and verifies its bytes; the file stays until the loan is disposed.
    /// </summary>
    /// <exception cref="CheckpointLostException">It is nowhere, or its bytes were changed everywhere.</exception>
    /// <exception cref="IOException">The disk: see <see cref="Storage.DiskFull"/>.</exception>
    Task<CheckpointLoan> BorrowAsync(BlobReference blob, CancellationToken stopping);

    /// <summary>Takes a finished file over, durably; it will not go before it is published.</summary>
    /// <exception cref="CheckpointMismatchException">Its bytes are not those of <paramref name="blob"/>.</exception>
    /// <exception cref="IOException">The disk: see <see cref="Storage.DiskFull"/>.</exception>
    Task KeepAsync(BlobReference blob, string file, CancellationToken stopping);

    /// <summary>As <see cref="KeepAsync"/>, for what an earlier run of the agent kept and did not publish.</summary>
    void Resume(BlobReference blob);

    /// <summary>Makes a kept checkpoint available to all workers; waits for a silo as long as it takes.</summary>
    /// <exception cref="CheckpointLostException">What was kept is gone or changed.</exception>
    /// <exception cref="Silo.SiloRefusedException">The silo does not take it.</exception>
    Task PublishAsync(BlobReference blob, CancellationToken stopping);
}

/// <summary>A verified checkpoint file that stays where it is until this is disposed.</summary>
internal sealed class CheckpointLoan(string path, Action end) : IDisposable
{
    private Action? _end = end;

    /// <summary>The file.</summary>
    internal string Path { get; } = path;

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _end, null)?.Invoke();
}
