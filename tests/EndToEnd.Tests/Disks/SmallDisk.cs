using System.Diagnostics;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.EndToEnd.Tests.Disks;

/// <summary>A file system of its own, some megabytes in memory, that can be filled to the last byte and emptied again.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const string Size = "24m";
    private readonly TemporaryFolder _folder = new();

    private SmallDisk() => Directory.CreateDirectory(Path);

    /// <summary>Where it is mounted.</summary>
    public string Path => _folder.File("disk");

    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    /// <summary>Mounts one; null where this process may not.</summary>
    public static SmallDisk? TryMount()
    {
        var disk = new SmallDisk();
        if (Run("mount", "-t", "tmpfs", "-o", $"size={Size}", "tmpfs", disk.Path) == 0)
        {
            return disk;
        }

        disk._folder.Dispose();
        return null;
    }

    /// <summary>Leaves not a byte.</summary>
    public void Fill()
    {
        using var file = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        foreach (int block in (int[])[1 << 16, 1])
        {
            try
            {
                while (true)
                {
                    file.Write(new byte[block]);
                }
            }
            catch (IOException)
            {
                // Full for blocks of this size.
            }
        }
    }

    /// <summary>Gives the room back.</summary>
    public void Empty() => File.Delete(Ballast);

    public void Dispose()
    {
        Run("umount", "--lazy", Path);
        _folder.Dispose();
    }

    private static int Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode;
    }
}
