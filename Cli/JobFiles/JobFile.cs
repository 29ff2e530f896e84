using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.JobFiles;

/// <summary>A job file as it was read: its JSON, where everything stands in it, and all that is wrong.</summary>
internal sealed class JobFile
{
    private readonly SourceMap _map;

    private JobFile(string path, string text, JsonElement root, JobSpec? spec, SourceMap map, IReadOnlyList<FileProblem> problems)
    {
        Path = path;
        Text = text;
        Root = root;
        Spec = spec;
        _map = map;
        Problems = problems;
    }

    /// <summary>As given on the command line.</summary>
    public string Path { get; }

    /// <summary>The file's text.</summary>
    public string Text { get; }

    /// <summary>What is submitted: the file as JSON, a schedule file replaced by its runs.</summary>
    public JsonElement Root { get; }

    /// <summary>The spec with its defaults; null when there are problems.</summary>
    public JobSpec? Spec { get; }

    /// <summary>Everything that is wrong, in order of lines.</summary>
    public IReadOnlyList<FileProblem> Problems { get; }

    /// <summary>Reads and checks a file; never throws on bad input.</summary>
    public static JobFile Read(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Broken(path, $"cannot be read: {unreadable.Message}");
        }

        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            return Broken(path, "the file is not UTF-8 text");
        }

        var map = new SourceMap();
        var problems = new List<FileProblem>();
        JsonNode? root = path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            ? JsonSource.Read(path, Encoding.UTF8.GetBytes(text), map, problems)
            : YamlDocument.Read(path, text, map, problems);
        if (root is null && problems.Count > 0)
        {
            return new JobFile(path, text, default, null, map, problems);
        }

        bool inlined = InlineSchedule(path, root, map, problems);
        JsonElement element = JsonSerializer.SerializeToElement(root);
        JobSpecReading reading = JobSpecReader.Read(element);

        // A schedule file that could not be read has been refused already; that its runs are wrong is no second fault.
        var all = problems
            .Concat(reading.Problems
                .Where(problem => inlined || !problem.Pointer.StartsWith("/schedule/settings", StringComparison.Ordinal))
                .Select(problem => Place(path, map, problem)))
            .Distinct()
            .OrderBy(problem => string.Equals(problem.File, path, StringComparison.Ordinal) ? problem.Line : int.MaxValue)
            .ToList();
        return new JobFile(path, text, element, all.Count == 0 ? reading.Spec : null, map, all);
    }

    /// <summary>What somebody else found wrong with the file, with its line.</summary>
    public FileProblem Locate(SpecProblem problem) => Place(Path, _map, problem);

    private static FileProblem Place(string path, SourceMap map, SpecProblem problem) =>
        new(path, map.Find(problem.Pointer, problem.OnKey).Line, SourceMap.Readable(problem.Pointer), problem.Message);

    private static JobFile Broken(string path, string message) =>
        new(path, "", default, null, new SourceMap(), [new FileProblem(path, 1, "", message)]);

    /// <summary>Replaces <c>schedule.settings.file</c> by the runs in it: a silo sees no files of its users. False = refused.</summary>
    private static bool InlineSchedule(string path, JsonNode? root, SourceMap map, List<FileProblem> problems)
    {
        if (root is not JsonObject job || job["schedule"] is not JsonObject schedule || schedule["settings"] is not JsonObject settings
            || settings["file"] is not JsonValue named || !named.TryGetValue(out string? name) || settings.ContainsKey("runs"))
        {
            return true;
        }

        const string Pointer = "/schedule/settings/file";
        string file = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(path) ?? "", name);
        SourcePosition key = map.Find(Pointer, onKey: true);
        try
        {
            int before = problems.Count;
            JsonArray runs = ScheduleCsv.Read(file, File.ReadAllText(file), problems);
            settings.Remove("file");
            settings["runs"] = runs;
            map.Add("/schedule/settings/runs", key, map.Find(Pointer, onKey: false));
            return problems.Count == before;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or ArgumentException)
        {
            problems.Add(new FileProblem(path, key.Line, SourceMap.Readable(Pointer), $"found {name}, which cannot be read: {unreadable.Message}"));
            return false;
        }
    }
}
