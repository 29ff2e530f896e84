using System.Globalization;
using System.Text.Json;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Benchmarks.OnTheClock;

/// <summary>
/// What was run, a folder a job, kept by its file's hash, its seed and the product's version: what changed is run again,
/// and nothing else.
/// </summary>
/// <param name="root">The folder of all.</param>
internal sealed class ClockFolder(string root)
{
    private const string Events = "events.jsonl";
    private const string Result = "result.json";
    private const string Slots = "slots";
    private const string ClusterPrefix = "cluster-";

    /// <summary>The folder of a workload's cluster: there while jobs of the workload run, so that they go on after a kill.</summary>
    public string Cluster(string workload, string version) => Path.Combine(root, workload, $"{ClusterPrefix}{version}");

    /// <summary>Deletes what clusters of a workload left, but for one: another version cannot go on with it.</summary>
    public void Forget(string workload, string? except)
    {
        var folder = new DirectoryInfo(Path.Combine(root, workload));
        foreach (DirectoryInfo cluster in folder.Exists ? folder.GetDirectories($"{ClusterPrefix}*") : [])
        {
            if (cluster.FullName != Path.GetFullPath(except ?? root))
            {
                cluster.Delete(recursive: true);
            }
        }
    }

    /// <summary>A run that is kept, by one version of the product or else by the newest that has it; null = none is.</summary>
    public ClockRun? Find(ClockJob job, long seed, string? version)
    {
        var kept = new DirectoryInfo(Path.Combine(root, job.Workload, job.Method));
        FileInfo? result = !kept.Exists ? null : kept.EnumerateDirectories(Name(job, seed, version ?? "*"))
            .Select(folder => new FileInfo(Path.Combine(folder.FullName, Result)))
            .Where(file => file.Exists)
            .MaxBy(file => file.LastWriteTimeUtc);
        if (result is null)
        {
            return null;
        }

        IEnumerable<JobEventView> events = File.ReadLines(Path.Combine(result.DirectoryName!, Events))
            .Select(line => JsonSerializer.Deserialize<JobEventView>(line, WireJson.Options)!);
        string slots = Path.Combine(result.DirectoryName!, Slots);
        return ClockRun.Of(
            job, seed, File.Exists(slots) ? int.Parse(File.ReadAllText(slots), CultureInfo.InvariantCulture) : null,
            JsonSerializer.Deserialize<JobResult>(File.ReadAllText(result.FullName), WireJson.Options)!, events);
    }

    /// <summary>Keeps a run: its result comes last, and whole or not at all.</summary>
    public void Keep(ClockJob job, long seed, string version, int slots, JobResult result, IReadOnlyList<JobEventView> events)
    {
        string folder = Path.Combine(root, job.Workload, job.Method, Name(job, seed, version));
        Directory.CreateDirectory(folder);
        File.WriteAllLines(Path.Combine(folder, Events), events.Select(e => JsonSerializer.Serialize(e, WireJson.Options)));
        File.WriteAllText(Path.Combine(folder, Slots), slots.ToString(CultureInfo.InvariantCulture));
        string file = Path.Combine(folder, Result);
        File.WriteAllText(file + ".tmp", JsonSerializer.Serialize(result, WireJson.Indented) + "\n");
        File.Move(file + ".tmp", file, overwrite: true);
    }

    private static string Name(ClockJob job, long seed, string version) => $"{job.Hash}-s{seed}-{version}";
}
