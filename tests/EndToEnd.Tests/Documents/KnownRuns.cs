using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.EndToEnd.Tests.Documents;

/// <summary>What runs have left: two documents that begin with the same command, on the same job, need it run once.</summary>
public sealed class KnownRuns : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<(string Command, string Job), string> _kept = [];

    /// <summary>Keeps what a command has left.</summary>
    /// <param name="command">The command.</param>
    /// <param name="job">Its job file.</param>
    /// <param name="runs">The folder of all runs; only the first run of a reader is kept, since later ones share it.</param>
    public void Keep(string command, string job, string runs)
    {
        if (Directory.Exists(runs) && Directory.GetDirectories(runs).Length == 1)
        {
            string kept = _folder.File($"{_kept.Count}");
            Copy(runs, kept);
            _kept[(command, File.ReadAllText(job))] = kept;
        }
    }

    /// <summary>Puts it where the command would have left it; false = nothing is known of it, or there are runs already.</summary>
    public bool Restore(string command, string job, string runs)
    {
        if (Directory.Exists(runs) || !_kept.TryGetValue((command, File.ReadAllText(job)), out string? kept))
        {
            return false;
        }

        Copy(kept, runs);
        return true;
    }

    public void Dispose() => _folder.Dispose();

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
