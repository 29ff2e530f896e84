using System.Diagnostics;
using System.Globalization;

namespace Orchestrator.Workers.Agent.Processes;

/// <summary>
/// Kills the agent's process groups when the agent is gone, however it went: a shell in a session of its own that reads
/// group numbers from a pipe only the agent holds. The kernel closes the pipe with the agent; then the shell kills what
/// is still on its list. It reaches what a parent-death signal does not: the children of a trainer.
/// </summary>
internal sealed class OrphanGuard : IDisposable
{
    // `del` leaves the list as it is unless the number is on it, since only numbers that were added are deleted.
    private const string Script = """
        trap '' HUP INT TERM
        groups=' '
        while read -r verb group; do
          case $verb in
            add) groups="$groups$group " ;;
            del) groups="${groups%% $group *} ${groups#* $group }" ;;
          esac
        done
        for group in $groups; do
          kill -s KILL -- "-$group"
          kill -s KILL "$group"
        done 2>/dev/null
        """;

    private readonly Lock _gate = new();
    private readonly HashSet<int> _groups = [];
    private Process? _shell;

    /// <summary>From now on the group dies with the agent.</summary>
    internal void Add(int group)
    {
        lock (_gate)
        {
            _groups.Add(group);
            Tell("add", group);
        }
    }

    /// <summary>The group is gone; its number may be another's.</summary>
    internal void Remove(int group)
    {
        lock (_gate)
        {
            if (_groups.Remove(group))
            {
                Tell("del", group);
            }
        }
    }

    /// <summary>Ends the shell, and with it every group that is left.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_shell is { } shell)
            {
                CloseQuietly(shell);
                shell.Dispose();
                _shell = null;
            }
        }
    }

    private static void CloseQuietly(Process shell)
    {
        try
        {
            shell.StandardInput.Close();
        }
        catch (IOException)
        {
            // The shell was killed; there is nobody to tell.
        }
    }

    private void Tell(string verb, int group)
    {
        try
        {
            if (_shell is { HasExited: false } shell)
            {
                Write(shell, verb, group);
                return;
            }
        }
        catch (IOException)
        {
            // Somebody killed the shell: start another below.
        }

        _shell?.Dispose();
        _shell = Start();
        foreach (int known in _groups)
        {
            Write(_shell, "add", known);
        }
    }

    private static void Write(Process shell, string verb, int group)
    {
        shell.StandardInput.Write(string.Create(CultureInfo.InvariantCulture, $"{verb} {group}\n"));
        shell.StandardInput.Flush();
    }

    private static Process Start()
    {
        // A session of its own keeps it out of reach of what a terminal or a supervisor sends to the agent's group.
        string? newSession = ExecutableSearch.Find("setsid");
        var start = new ProcessStartInfo(newSession ?? "/bin/sh") { RedirectStandardInput = true, UseShellExecute = false };
        if (newSession is not null)
        {
            start.ArgumentList.Add("/bin/sh");
        }

        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(Script);
        return Process.Start(start)!;
    }
}
