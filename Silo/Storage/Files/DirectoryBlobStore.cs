using System.Buffers;
using System.Security.Cryptography;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Silo.Storage.Files;

/// <summary>
/// Blobs as files: FOLDER/ab/abcd…, named by their SHA-256. A file appears whole or not at all: written beside its
/// place, synced, renamed, and the folder synced, so that a name survives a power cut only with its bytes.
/// </summary>
internal sealed class DirectoryBlobStore : IBlobStore
{
    private const int BufferBytes = 1 << 17;
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private readonly string _folder;

    /// <param name="folder">Created when it is missing.</param>
    /// <exception cref="StoreRefusedException">It cannot be made or written.</exception>
    public DirectoryBlobStore(string folder)
    {
        _folder = Path.GetFullPath(folder);
        try
        {
            Directory.CreateDirectory(Incoming);

            // What an upload that was cut off has left. Nothing else writes here: the job store's lock sees to it.
            foreach (string left in Directory.EnumerateFiles(Incoming))
            {
                File.Delete(left);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreRefusedException($"The blob folder {_folder} cannot be used: {e.Message}", e);
        }
    }

    private string Incoming => Path.Combine(_folder, "incoming");

    public Task<long?> LengthAsync(string sha256, CancellationToken ct = default)
    {
        var file = new FileInfo(PathOf(sha256));
        return Task.FromResult(file.Exists ? (long?)file.Length : null);
    }

    public Task<Stream?> OpenAsync(string sha256, CancellationToken ct = default)
    {
        try
        {
            return Task.FromResult<Stream?>(new FileStream(
                PathOf(sha256),
                new FileStreamOptions
                {
                    Access = FileAccess.Read,
                    Mode = FileMode.Open,
                    Share = FileShare.Read | FileShare.Delete,
                    Options = FileOptions.Asynchronous | FileOptions.SequentialScan,
                }));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<Stream?>(null);
        }
    }

    public async Task PutAsync(string sha256, Stream bytes, CancellationToken ct = default)
    {
        string path = PathOf(sha256);
        string temporary = Path.Combine(Incoming, Path.GetRandomFileName());
        try
        {
            string actual;
            await using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, useAsync: true))
            {
                actual = await CopyAndHashAsync(bytes, file, ct);
                if (actual == sha256)
                {
                    file.Flush(flushToDisk: true);
                }
            }

            if (actual != sha256)
            {
                throw new BlobMismatchException(sha256, actual);
            }

            string folder = Path.GetDirectoryName(path)!;
            bool isNew = !Directory.Exists(folder);
            Directory.CreateDirectory(folder);

            // Over an older copy too: it has the same bytes, or it is damaged and this mends it.
            File.Move(temporary, path, overwrite: true);
            FolderSync.Sync(folder);
            if (isNew)
            {
                FolderSync.Sync(_folder);
            }
        }
        catch (IOException e) when (IsFull(e))
        {
            throw new StoreFullException($"blob {sha256}", e);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    public async Task<bool> VerifyAsync(string sha256, CancellationToken ct = default)
    {
        await using Stream? bytes = await OpenAsync(sha256, ct);
        return bytes is not null && Convert.ToHexStringLower(await SHA256.HashDataAsync(bytes, ct)) == sha256;
    }

    public Task DeleteAsync(string sha256, CancellationToken ct = default)
    {
        string path = PathOf(sha256);
        if (File.Exists(path))
        {
            File.Delete(path);
        }

        return Task.CompletedTask;
    }

    /// <summary>Whether an error means that the disk or the user's share of it is full.</summary>
    internal static bool IsFull(IOException e)
    {
        const int Enospc = 28;
        const int Edquot = 122;
        const int DiskFullOnWindows = unchecked((int)0x80070070);
        return e.HResult is Enospc or Edquot or DiskFullOnWindows;
    }

    private static async Task<string> CopyAndHashAsync(Stream from, FileStream to, CancellationToken ct)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            int read;
            while ((read = await from.ReadAsync(buffer, ct)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                await to.WriteAsync(buffer.AsMemory(0, read), ct);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The file of an address. Only an address gets here: nothing else may become a path.</summary>
    private string PathOf(string sha256)
    {
        if (sha256.Length != 64 || sha256.AsSpan().ContainsAnyExcept(HexDigits))
        {
            throw new ArgumentException("an address is 64 lower-case hex digits", nameof(sha256));
        }

        return Path.Combine(_folder, sha256[..2], sha256);
    }
}
