using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Orchestrator.TestKit.Processes;

/// <summary>A program running as a process of its own; what it prints is kept. Disposing kills it and its children.</summary>
public sealed class ProgramProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _out = new();
    private readonly ConcurrentQueue<string> _error = new();
    private bool _disposed;

    private ProgramProcess(ProcessStartInfo start)
    {
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Note(_out, line.Data);
        _process.ErrorDataReceived += (_, line) => Note(_error, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Its number.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it runs.</summary>
    public bool IsAlive => !_disposed && !_process.HasExited;

    /// <summary>What it wrote to standard output so far, a line feed after each line.</summary>
    public string Out => string.Concat(_out.Select(line => line + "\n"));

    /// <summary>As <see cref="Out"/>, of standard error.</summary>
    public string Error => string.Concat(_error.Select(line => line + "\n"));

    /// <summary>Starts a program; standard input is closed at once.</summary>
    /// <param name="path">The program, found through PATH unless it has a slash.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Variables beyond this process's own; a null removes one.</param>
    /// <param name="folder">Its working folder; null = this process's.</param>
    public static ProgramProcess Start(
        string path, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string? folder = null)
    {
        var start = new ProcessStartInfo(path, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        var process = new ProgramProcess(start);
        process._process.StandardInput.Close();
        return process;
    }

    /// <summary>SIGKILL, to this process alone; returns when it is gone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Sends a signal: TERM, INT, …</summary>
    public void Signal(string name) => Signal(name, Id);

    /// <summary>Sends a signal to its whole process group, which it must lead: start it through setsid.</summary>
    public void SignalGroup(string name) => Signal(name, -Id);

    /// <summary>Its exit code, with everything it printed read.</summary>
    /// <exception cref="TimeoutException">It hangs.</exception>
    public async Task<int> ExitAsync(TimeSpan limit, CancellationToken ct = default)
    {
        try
        {
            await _process.WaitForExitAsync(ct).WaitAsync(limit, ct);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{_process.StartInfo.FileName} has not ended after {limit}.\n{Out}{Error}", e);
        }

        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static void Signal(string name, int target)
    {
        using var kill = Process.Start("kill", ["-s", name, "--", target.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private static void Note(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
        {
            lines.Enqueue(line);
        }
    }
}
