using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Orchestrator.Workers.Trainer.Native;

/// <summary>What the trainer asks of the C library about its own process (Linux; elsewhere it does without).</summary>
internal static partial class ProcessControl
{
    private const int StandardOutput = 1;
    private const int StandardError = 2;
    private const int TrimThreshold = -1; // M_TRIM_THRESHOLD
    private const int MapThreshold = -3; // M_MMAP_THRESHOLD

    /// <summary>
    /// Ends the process at once, whatever its other threads are doing: no finalisers, no native destructors that a
    /// thread inside libtorch could trip over.
    /// </summary>
    internal static void ExitNow(int code)
    {
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
        {
            ExitProcess(code);
        }

        Environment.Exit(code);
    }

    /// <summary>
    /// Takes standard output for the protocol alone: the stream returned writes to it, and whatever else in the
    /// process prints (native libraries, a stray console line) goes to standard error.
    /// </summary>
    internal static Stream TakeStandardOutput()
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
        {
            return Console.OpenStandardOutput();
        }

        var kept = Duplicate(StandardOutput);
        if (kept < 0 || DuplicateTo(StandardError, StandardOutput) < 0)
        {
            throw new IOException("cannot set the standard streams up");
        }

        return new FileStream(new SafeFileHandle(kept, ownsHandle: true), FileAccess.Write, bufferSize: 0);
    }

    /// <summary>
    /// Lets malloc keep what a step frees for the next step. By default glibc returns blocks of a few hundred kilobytes
    /// to the system on every free; the page faults of getting them back cost more than a convolution.
    /// </summary>
    internal static void KeepFreedMemory()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = SetAllocatorOption(MapThreshold, 1 << 30);
            _ = SetAllocatorOption(TrimThreshold, 1 << 30);
        }
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void ExitProcess(int code);

    [LibraryImport("libc", EntryPoint = "dup")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Duplicate(int descriptor);

    [LibraryImport("libc", EntryPoint = "dup2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int DuplicateTo(int from, int to);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetAllocatorOption(int option, int value);
}
