using System.Collections.Concurrent;
using System.Diagnostics;
using Orchestrator.Workers.Agent.Trainers;

namespace Orchestrator.Workers.Agent.Processes;

/// <summary>
/// Starts programs that must not outlive the agent, each as the leader of a new process group. Three nets, since each
/// has holes: the end of standard input (for programs that watch it), the kernel's parent-death signal (for the program
/// itself), and <see cref="OrphanGuard"/> (for its whole group).
/// </summary>
internal sealed class ProcessLauncher : IDisposable
{
    private readonly BlockingCollection<(ProcessStartInfo Start, TaskCompletionSource<Process> Started)> _orders = [];
    private readonly OrphanGuard _guard = new();
    private readonly IReadOnlyList<string> _prefix;

    internal ProcessLauncher()
    {
        var prefix = new List<string>();
        if (ExecutableSearch.Find("setsid") is { } setsid)
        {
            prefix.Add(setsid);
        }

        if (ExecutableSearch.Find("setpriv") is { } setpriv)
        {
            prefix.AddRange([setpriv, "--pdeathsig", "KILL", "--"]);
        }

        _prefix = prefix;

        // The parent-death signal comes when the *thread* that forked ends, so this one lives as long as the process.
        new Thread(Work) { IsBackground = true, Name = "process launcher" }.Start();
    }

    /// <summary>Starts a program with exactly the environment given and all three streams redirected.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be started.</exception>
    internal async Task<Process> StartAsync(TrainerCommand command, IReadOnlyDictionary<string, string> environment)
    {
        // Looked up here, or a missing program would show as a crash of the prefix.
        string program = ExecutableSearch.Find(command.Program)
            ?? throw new System.ComponentModel.Win32Exception(2, $"there is no program {command.Program}");
        string[] words = [.. _prefix, program, .. command.Arguments];
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _orders.Add((start, started));
        return await started.Task;
    }

    /// <summary>To be called when a process has ended: kills what is left of its group and forgets it.</summary>
    internal void Bury(int processId)
    {
        Storage.LibC.KillGroup(processId);
        _guard.Remove(processId);
    }

    /// <summary>Ends the launcher's thread and, by the guard, every group that is left.</summary>
    public void Dispose()
    {
        _orders.CompleteAdding();
        _guard.Dispose();
    }

    private void Work()
    {
        foreach ((ProcessStartInfo start, TaskCompletionSource<Process> started) in _orders.GetConsumingEnumerable())
        {
            try
            {
                var process = Process.Start(start)!;
                _guard.Add(process.Id);
                started.SetResult(process);
            }
            catch (Exception e)
            {
                // Whoever ordered the process learns why there is none.
                started.SetException(e);
            }
        }
    }
}
