using System.Runtime.InteropServices;

namespace Orchestrator.Silo.Storage.Files;

/// <summary>Syncs a folder, so that the names in it survive a power cut. .NET opens no folders: POSIX does.</summary>
internal static partial class FolderSync
{
    private const int ReadOnly = 0;

    /// <summary>Does nothing where the system has no such call (Windows syncs names with their files).</summary>
    /// <exception cref="IOException">The folder could not be synced.</exception>
    public static void Sync(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int descriptor = Open(folder, ReadOnly);
        if (descriptor < 0)
        {
            throw new IOException($"{folder} could not be opened to sync it", Marshal.GetLastPInvokeError());
        }

        try
        {
            if (Sync(descriptor) != 0)
            {
                throw new IOException($"{folder} could not be synced", Marshal.GetLastPInvokeError());
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
