using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Orchestrator.Cli.Local;

/// <summary>One of our own executables, running beside this command; what it prints goes to a log file.</summary>
internal sealed partial class ChildProcess : IDisposable
{
    private const int SigTerm = 15;

    private readonly Process _process;
    private readonly StreamWriter _log;

    private ChildProcess(string name, Process process, StreamWriter log)
    {
        Name = name;
        _process = process;
        _log = log;
    }

    /// <summary>E.g. orchestrator-silo.</summary>
    public string Name { get; }

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Its exit code, once it has ended.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>The path of an executable that was built together with this one.</summary>
    /// <exception cref="BadInputException">It is not there.</exception>
    public static string Find(string project, string executable)
    {
        string own = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        string path = Path.GetFullPath(Path.Combine(own, "..", "..", project, Path.GetFileName(own), executable));
        string beside = Path.Combine(own, executable);
        return File.Exists(path) ? path
            : File.Exists(beside) ? beside
            : throw new BadInputException($"{executable} is neither at {path} nor beside this program. Build everything: dotnet build -c Release Orchestrator.sln");
    }

    /// <summary>Starts it; its output is appended to <paramref name="logFile"/>.</summary>
    public static ChildProcess Start(string path, IEnumerable<string> arguments, string logFile)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(logFile)!);
        var log = new StreamWriter(new FileStream(logFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        var start = new ProcessStartInfo(path)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Write(log, line.Data);
        process.ErrorDataReceived += (_, line) => Write(log, line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new ChildProcess(Path.GetFileName(path), process, log);
    }

    /// <summary>Asks it to end (SIGTERM), waits, and kills it if it does not.</summary>
    public async Task EndAsync(TimeSpan patience, TimeProvider clock)
    {
        if (_process.HasExited)
        {
            return;
        }

        Terminate(_process);
        using var limit = new CancellationTokenSource(patience, clock);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>
    /// Once it has ended, waits until all it printed is in the log: its last words come after the news of its end.
    /// </summary>
    public Task DrainAsync(CancellationToken ct) => _process.HasExited ? _process.WaitForExitAsync(ct) : Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.Dispose();
        lock (_log)
        {
            try
            {
                _log.Dispose();
            }
            catch (IOException)
            {
                // A full disk: what it could not write is lost.
            }
        }
    }

    /// <summary>Asks a process to end (SIGTERM); that it is gone already is no error.</summary>
    public static void Terminate(Process process) => _ = Kill(process.Id, SigTerm);

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int process, int signal);

    private static void Write(StreamWriter log, string? line)
    {
        if (line is not null)
        {
            lock (log)
            {
                try
                {
                    if (log.BaseStream is { CanWrite: true })
                    {
                        log.WriteLine(line);
                    }
                }
                catch (IOException)
                {
                    // A full disk: the line is lost. Thrown here, on a thread of the runtime, it would end this command.
                }
            }
        }
    }
}
