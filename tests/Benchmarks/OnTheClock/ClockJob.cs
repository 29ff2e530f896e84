using System.IO.Enumeration;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Cli.JobFiles;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.Benchmarks.OnTheClock;

/// <summary>A job file of the comparison: <c>on-the-clock/WORKLOAD/METHOD.yaml</c>, as anybody may give it to <c>orchestrator run</c>.</summary>
/// <param name="Workload">Its folder: what is trained, and for how long.</param>
/// <param name="Method">Its name: how the schedule is found.</param>
/// <param name="Steps">T, the steps of a training.</param>
/// <param name="Hash">Of its text: a file that was changed is another job.</param>
/// <param name="Root">Its content.</param>
internal sealed record ClockJob(string Workload, string Method, long Steps, string Hash, JsonElement Root)
{
    /// <summary>Workloads of this prefix are the small ones of <c>--quick</c>, and of nothing else.</summary>
    private const string QuickPrefix = "quick-";

    /// <summary>Where the job files are.</summary>
    public static string Folder => Path.Combine(Executables.Root, "tests", "Benchmarks", "on-the-clock");

    /// <summary>Reads those that are wanted, in order of workload and method.</summary>
    /// <param name="quick">The small ones, or all others.</param>
    /// <param name="only">Patterns with * of <c>WORKLOAD</c> or <c>WORKLOAD/METHOD</c>; none = all.</param>
    public static IReadOnlyList<ClockJob> Read(bool quick, IReadOnlyList<string> only) =>
    [
        .. Directory.EnumerateFiles(Folder, "*.yaml", SearchOption.AllDirectories)
            .Select(Read)
            .Where(job => job.Workload.StartsWith(QuickPrefix, StringComparison.Ordinal) == quick)
            .Where(job => only.Count == 0 || only.Any(job.Matches))
            .OrderBy(job => job.Workload, StringComparer.Ordinal)
            .ThenBy(job => job.Method, StringComparer.Ordinal),
    ];

    /// <summary>What is submitted: the file with another seed, and nothing else of it changed.</summary>
    public JsonElement WithSeed(long seed)
    {
        JsonObject job = JsonObject.Create(Root)!;
        job["seed"] = seed;
        return JsonSerializer.SerializeToElement(job);
    }

    private static ClockJob Read(string path)
    {
        JobFile file = JobFile.Read(path);
        return new ClockJob(
            Path.GetFileName(Path.GetDirectoryName(path)!),
            Path.GetFileNameWithoutExtension(path),
            file.Spec?.Steps ?? throw new InvalidDataException(string.Join('\n', file.Problems)),
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file.Text)))[..12],
            file.Root);
    }

    private bool Matches(string pattern) =>
        FileSystemName.MatchesSimpleExpression(pattern, Workload) || FileSystemName.MatchesSimpleExpression(pattern, $"{Workload}/{Method}");
}
