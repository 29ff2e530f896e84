using System.Diagnostics;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.TestKit.Workers;

/// <summary>The scripted trainer <c>fake_trainer.py</c>, which misbehaves on demand; its file says how.</summary>
public static class FakeTrainer
{
    /// <summary>Digest it reports.</summary>
    public const string Digest = "fake-digest";

    /// <summary>Its only workload.</summary>
    public const string Workload = "fake";

    private static readonly Lazy<string> Interpreter = new(FindInterpreter);

    /// <summary>Program and first argument.</summary>
    public static IReadOnlyList<string> Command =>
        [Interpreter.Value, Path.Combine(AppContext.BaseDirectory, "Workers", "fake_trainer.py")];

    /// <summary>Writes an executable that runs it, for where one path is wanted.</summary>
    /// <returns>The executable's path.</returns>
    public static string WriteLauncher(string folder)
    {
        string path = Path.Combine(folder, "fake-trainer");
        File.WriteAllText(path, $"#!/bin/sh\nexec {string.Join(' ', Command.Select(word => $"'{word}'"))} \"$@\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }

    /// <summary>The interpreter itself, not a version manager's script before it, which costs time at every start.</summary>
    private static string FindInterpreter()
    {
        var start = new ProcessStartInfo(InstalledTool.Need("python3"), ["-c", "import sys; print(sys.executable)"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        string path = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return path;
    }
}
