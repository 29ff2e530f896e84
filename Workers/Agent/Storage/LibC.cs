using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Orchestrator.Workers.Agent.Storage;

/// <summary>The few calls of the C library that .NET does not offer.</summary>
internal static partial class LibC
{
    private const int ReadOnlyFolder = 0x10000 | 0x80000; // O_RDONLY | O_DIRECTORY | O_CLOEXEC on x64
    private const int ReadOnlyFolderArm = 0x4000 | 0x80000; // the same on arm64
    private const int SigKill = 9;

    /// <summary>Makes renames and deletions within <paramref name="folder"/> survive a loss of power.</summary>
    /// <exception cref="IOException">The folder cannot be opened or synced.</exception>
    internal static void SyncFolder(string folder)
    {
        int flags = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? ReadOnlyFolderArm : ReadOnlyFolder;
        int handle = Open(folder, flags);
        if (handle < 0)
        {
            throw Failed($"The folder {folder} cannot be opened");
        }

        try
        {
            if (FSync(handle) != 0)
            {
                throw Failed($"The folder {folder} cannot be synced");
            }
        }
        finally
        {
            _ = Close(handle);
        }
    }

    /// <summary>SIGKILL to a whole process group; that it is gone already is no error.</summary>
    internal static void KillGroup(int leader) => _ = Kill(-leader, SigKill);

    private static IOException Failed(string what)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException($"{what}: {new Win32Exception(error).Message}", error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FSync(int handle);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int handle);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int process, int signal);
}
