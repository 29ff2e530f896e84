namespace Orchestrator.Workers.Agent.Storage;

/// <summary>
/// Files that are there whole or not at all, whenever the process or the machine stops: written beside their place,
/// synced, renamed, and the folder synced.
/// </summary>
internal static class DurableFile
{
    /// <summary>Ends the name of a file that is still being written.</summary>
    internal const string TemporarySuffix = ".tmp";

    /// <summary>Writes or replaces <paramref name="path"/>.</summary>
    /// <exception cref="IOException">See <see cref="DiskFull"/> for a full disk. What was there before is untouched.</exception>
    internal static void Write(string path, ReadOnlySpan<byte> content)
    {
        string temporary = TemporaryFor(path);
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            PutInPlace(temporary, path);
        }
        catch
        {
            DeleteQuietly(temporary);
            throw;
        }
    }

    /// <summary>Moves a finished file to <paramref name="path"/>, also from another file system.</summary>
    /// <exception cref="IOException">See <see cref="DiskFull"/> for a full disk. What was there before is untouched.</exception>
    internal static void Adopt(string source, string path)
    {
        string temporary = TemporaryFor(path);
        try
        {
            // Into the target's folder first: across file systems this copies, and a copy may stop half way.
            File.Move(source, temporary);
            using (Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(temporary))
            {
                RandomAccess.FlushToDisk(handle);
            }

            PutInPlace(temporary, path);
        }
        catch
        {
            DeleteQuietly(temporary);
            throw;
        }
    }

    /// <summary>Deletes a file that may be gone already.</summary>
    internal static void DeleteQuietly(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What is left over costs space, nothing else; it is swept at the next start.
        }
    }

    /// <summary>A name beside <paramref name="path"/> that nobody else uses.</summary>
    internal static string TemporaryFor(string path) => $"{path}.{Guid.NewGuid():N}{TemporarySuffix}";

    /// <summary>Renames a synced file to its place in the same folder.</summary>
    internal static void PutInPlace(string temporary, string path)
    {
        File.Move(temporary, path, overwrite: true);
        LibC.SyncFolder(Path.GetDirectoryName(path)!);
    }
}
