using System.Collections.Concurrent;
using System.Security.Cryptography;
using Orchestrator.Grains.Storage;

namespace Orchestrator.TestKit.Storage;

/// <summary>A blob store that forgets everything with its process: for tests of what uses one. It keeps the contract.</summary>
public sealed class InMemoryBlobStore : IBlobStore
{
    private readonly ConcurrentDictionary<string, byte[]> _blobs = new(StringComparer.Ordinal);

    /// <summary>Changes a byte of a blob, as a failing disk does.</summary>
    public void Damage(string sha256) => _blobs[sha256] = [.. _blobs[sha256].Select((value, i) => i == 0 ? (byte)~value : value)];

    public Task<long?> LengthAsync(string sha256, CancellationToken ct = default) =>
        Task.FromResult(_blobs.TryGetValue(Address(sha256), out byte[]? bytes) ? bytes.LongLength : (long?)null);

    public Task<Stream?> OpenAsync(string sha256, CancellationToken ct = default) => Task.FromResult<Stream?>(
        _blobs.TryGetValue(Address(sha256), out byte[]? bytes) ? new MemoryStream(bytes, writable: false) : null);

    public async Task PutAsync(string sha256, Stream bytes, CancellationToken ct = default)
    {
        Address(sha256);
        using var copy = new MemoryStream();
        await bytes.CopyToAsync(copy, ct);
        string actual = Convert.ToHexStringLower(SHA256.HashData(copy.ToArray()));
        if (actual != sha256)
        {
            throw new BlobMismatchException(sha256, actual);
        }

        _blobs[sha256] = copy.ToArray();
    }

    public Task<bool> VerifyAsync(string sha256, CancellationToken ct = default) => Task.FromResult(
        _blobs.TryGetValue(Address(sha256), out byte[]? bytes) && Convert.ToHexStringLower(SHA256.HashData(bytes)) == sha256);

    public Task DeleteAsync(string sha256, CancellationToken ct = default)
    {
        _blobs.TryRemove(Address(sha256), out _);
        return Task.CompletedTask;
    }

    private static string Address(string sha256) => sha256.Length == 64 && sha256.All(c => char.IsAsciiDigit(c) || c is >= 'a' and <= 'f')
        ? sha256
        : throw new ArgumentException($"\"{sha256}\" is no address of a blob.", nameof(sha256));
}
