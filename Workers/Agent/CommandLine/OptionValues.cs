using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Orchestrator.Workers.Agent.Trainers;

namespace Orchestrator.Workers.Agent.CommandLine;

/// <summary>Options as they were typed; null = not given.</summary>
internal sealed record RawOptions
{
    internal string? Server { get; init; }
    internal string? Key { get; init; }
    internal string Pool { get; init; } = "default";
    internal string? Name { get; init; }
    internal int? Slots { get; init; }
    internal string Devices { get; init; } = "cpu";
    internal string? Data { get; init; }
    internal string? State { get; init; }
    internal string? Blobs { get; init; }
    internal bool AllowCommand { get; init; }
    internal string? Trainer { get; init; }
    internal string? Trainers { get; init; }
    internal IReadOnlyList<string> Labels { get; init; } = [];
    internal string? Memory { get; init; }
    internal string? CacheBytes { get; init; }
    internal int? ParentProcess { get; init; }
    internal int? MetricsPort { get; init; }
}

/// <summary>Checks what was typed and fills in what was not.</summary>
internal static class OptionValues
{
    private const long DefaultCacheBytes = 10L << 30;
    private const string TrainerProgram = "orchestrator-trainer";

    /// <summary>The options an agent runs with.</summary>
    /// <exception cref="AgentInputException">A value is not allowed; the message says what is.</exception>
    internal static AgentOptions Resolve(RawOptions raw)
    {
        Uri server = ServerOf(raw.Server ?? Variable("ORCHESTRATOR_SERVER") ?? "http://127.0.0.1:5080");
        int slots = raw.Slots ?? Environment.ProcessorCount;
        Require(slots is >= 1 and <= 1024, $"--slots: found {slots}; 1 to 1024 are allowed.");
        Require(raw.Pool.Length > 0, "--pool: a name is wanted.");
        Require(raw.Name is null or { Length: > 0 }, "--name: a name is wanted.");
        Require(raw.MetricsPort is null or (>= 1 and <= 65535), $"--metrics: found {raw.MetricsPort}; a port is 1 to 65535.");
        string[] devices = DevicesOf(raw.Devices);
        string name = raw.Name ?? DefaultName(raw.Pool, server, slots, devices);
        return new AgentOptions
        {
            Server = server,
            Key = raw.Key ?? Variable("ORCHESTRATOR_KEY"),
            Pool = raw.Pool,
            Name = name,
            Slots = slots,
            Devices = devices,
            Data = DataOf(raw.Data ?? Variable(TrainerEnvironment.DataVariable)),
            State = Path.GetFullPath(raw.State ?? DefaultState(raw.Pool, name)),
            Blobs = BlobsOf(raw.Blobs),
            AllowCommand = raw.AllowCommand,
            BuiltInTrainer = BuiltIn(raw.Trainer),
            NamedTrainers = raw.Trainers is null ? new Dictionary<string, TrainerCommand>() : NamedIn(raw.Trainers),
            Labels = LabelsOf(raw.Labels),
            Memory = raw.Memory is null ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes : Bytes("--memory", raw.Memory),
            CacheBytes = raw.CacheBytes is null ? DefaultCacheBytes : Bytes("--cache-bytes", raw.CacheBytes),
            ParentProcess = raw.ParentProcess,
            MetricsPort = raw.MetricsPort,
        };
    }

    /// <summary>Bytes of a text such as 512M: powers of 1024.</summary>
    /// <exception cref="AgentInputException">It is none.</exception>
    internal static long Bytes(string option, string text)
    {
        int power = text.Length == 0 ? -1 : "KMGT".IndexOf(char.ToUpperInvariant(text[^1]), StringComparison.Ordinal);
        string digits = power < 0 ? text : text[..^1];
        int shift = 10 * (power + 1);
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value <= long.MaxValue >> shift
            ? value << shift
            : throw new AgentInputException($"{option}: found '{text}'; a whole number is wanted, with K, M, G or T if you like.");
    }

    private static Uri ServerOf(string text) =>
        Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out Uri? server)
            && server.Scheme is "http" or "https"
            ? server
            : throw new AgentInputException($"--server: found '{text}'; an address such as http://127.0.0.1:5080 is wanted.");

    private static string[] DevicesOf(string text)
    {
        string[] devices = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        bool known = devices.Length > 0 && devices.All(d => d == "cpu"
            || (d.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(d["cuda:".Length..], out int n) && n >= 0));
        Require(known, $"--devices: found '{text}'; cpu or cuda:N are allowed, separated by commas.");

        // A worker has one numeric class for all its slots.
        Require(devices.All(d => d == "cpu") || devices.All(d => d != "cpu"), $"--devices: found '{text}'; either cpu or GPUs are allowed, since their results differ in bits. Start an agent for each.");
        string? list = Variable(TrainerEnvironment.VisibleVariable);
        string? hidden = devices.FirstOrDefault(d => d != "cpu" && TrainerEnvironment.Visible(d, list) is null);
        Require(hidden is null, $"--devices: found {hidden}, and {TrainerEnvironment.VisibleVariable} is {list}: devices are counted within it, from cuda:0.");
        return devices;
    }

    /// <summary>Folders as full paths: the trainer's current folder is none of our business.</summary>
    private static string? DataOf(string? folders)
    {
        string[]? paths = folders?.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(Path.GetFullPath).ToArray();
        if (paths?.FirstOrDefault(path => !Directory.Exists(path)) is { } missing)
        {
            throw new AgentInputException($"--data (or ORCHESTRATOR_DATA): there is no folder {missing}. A data set is a folder in it.");
        }

        return paths is null ? null : string.Join(':', paths);
    }

    private static string? BlobsOf(string? folder)
    {
        if (folder is null)
        {
            return null;
        }

        try
        {
            return Directory.CreateDirectory(folder).FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentInputException($"--blobs: the folder {folder} cannot be used: {e.Message}");
        }
    }

    private static TrainerCommand? BuiltIn(string? given)
    {
        if (given is not null)
        {
            return new TrainerCommand(given, []);
        }

        // Built beside this program: artifacts/bin/<project>/<configuration>/.
        var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        string[] places =
        [
            Path.Combine(here.FullName, TrainerProgram),
            Path.Combine(here.FullName, "..", "..", "Trainer", here.Name, TrainerProgram),
        ];
        return places.FirstOrDefault(File.Exists) is { } found ? new TrainerCommand(Path.GetFullPath(found), []) : null;
    }

    private static Dictionary<string, TrainerCommand> NamedIn(string file)
    {
        const string wanted = """an object such as { "resnet": ["python3", "/opt/train.py"] }""";
        try
        {
            Dictionary<string, string[]>? named = JsonSerializer.Deserialize<Dictionary<string, string[]>>(File.ReadAllText(file));
            return named is not null && named.All(t => t.Key.Length > 0 && t.Value is { Length: > 0 } words && words[0] is { Length: > 0 })
                ? named.ToDictionary(t => t.Key, t => new TrainerCommand(t.Value[0], t.Value[1..]))
                : throw new AgentInputException($"--trainers: {file} is to hold {wanted}, with a program for each name.");
        }
        catch (JsonException e)
        {
            throw new AgentInputException($"--trainers: {file} is to hold {wanted}: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentInputException($"--trainers: {file} cannot be read: {e.Message}");
        }
    }

    private static Dictionary<string, string> LabelsOf(IReadOnlyList<string> texts)
    {
        var labels = new Dictionary<string, string>();
        foreach (string text in texts.SelectMany(t => t.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)))
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            Require(equals > 0, $"--labels: found '{text}'; key=value is wanted.");
            labels[text[..equals]] = text[(equals + 1)..];
        }

        return labels;
    }

    /// <summary>The same for the same command line on the same host, so that a restart finds its spool again.</summary>
    private static string DefaultName(string pool, Uri server, int slots, string[] devices)
    {
        string what = string.Join('\n', [pool, server.ToString(), slots.ToString(CultureInfo.InvariantCulture), .. devices]);
        return $"{Environment.MachineName}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(what)))[..6]}";
    }

    private static string DefaultState(string pool, string name)
    {
        string home = Variable("XDG_STATE_HOME")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state");
        return Path.Combine(home, "orchestrator", "agents", Uri.EscapeDataString(pool), Uri.EscapeDataString(name));
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new AgentInputException(message);
        }
    }
}
