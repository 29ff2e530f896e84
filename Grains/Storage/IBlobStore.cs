namespace Orchestrator.Grains.Storage;

/// <summary>Content-addressed, write-once bytes. Addresses are lower-case hex SHA-256.</summary>
public interface IBlobStore
{
    /// <summary>Length of a blob; null = not there. Does not read it.</summary>
    Task<long?> LengthAsync(string sha256, CancellationToken ct = default);

    /// <summary>Opens a blob for reading; null = not there. The reader verifies the hash.</summary>
    Task<Stream?> OpenAsync(string sha256, CancellationToken ct = default);

    /// <summary>Stores bytes under their address; the same bytes again change nothing.</summary>
    /// <exception cref="BlobMismatchException">The bytes have another hash: nothing was stored.</exception>
    /// <exception cref="StoreFullException">No room: nothing was stored.</exception>
    Task PutAsync(string sha256, Stream bytes, CancellationToken ct = default);

    /// <summary>Whether the stored bytes still have their hash; false also when they are not there.</summary>
    Task<bool> VerifyAsync(string sha256, CancellationToken ct = default);

    /// <summary>Removes a blob; nothing happens when it is not there.</summary>
    Task DeleteAsync(string sha256, CancellationToken ct = default);
}
