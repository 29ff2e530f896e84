using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Contracts.Leases;

namespace Orchestrator.Contracts.Jobs;

/// <summary>
/// Reads a job file: the JSON of an API body, or of a YAML file after conversion. What it refuses, it refuses with a
/// JSON pointer, all at once. What only a pool can know (workloads, settings, metrics, data sets) is checked later,
/// against what its workers described.
/// </summary>
public static class JobSpecReader
{
    /// <summary>
    /// Most segments of a run, and most stages of a search: each is planned, stored and kept in mind, and there is a
    /// number beyond which nothing works.
    /// </summary>
    private const long MostPieces = 100_000;

    private static readonly string[] Reserved = ["constraints", "initialPoints", "aggregation", "scope", "notify", "labels"];

    /// <summary>Reads <paramref name="root"/>; never throws on bad input.</summary>
    public static JobSpecReading Read(JsonElement root)
    {
        var problems = new List<SpecProblem>();
        if (root.ValueKind != JsonValueKind.Object)
        {
            problems.Add(new SpecProblem("", $"found {SpecCursor.Describe(root)}; a mapping with name, trainer, objective, steps and schedule is wanted"));
            return new JobSpecReading(null, problems);
        }

        if (Unreadable(root, "") is { } broken)
        {
            problems.Add(new SpecProblem(broken, "a text holds half of a surrogate pair; whole characters are wanted"));
            return new JobSpecReading(null, problems);
        }

        var job = new SpecCursor(root, "", problems);
        string? name = ReadName(job);
        (TrainerSelection? trainer, JsonObject settings) = ReadTrainer(job);
        ResourceSpec resources = ReadResources(job);
        ObjectiveSpec? objective = ReadObjective(job);
        long? steps = Required(job, "steps", job.Whole("steps", 1), "the length of a trial in optimiser updates");
        int parallel = (int?)job.Whole("parallelTrialCount", 1, 1024) ?? 1;
        int? trials = (int?)job.Whole("maxTrialCount", 1, int.MaxValue);
        PeakTrialsSpec? peaks = PeakTrialsReader.Read(job, trials);
        if (trials > 1 && !job.Has("parameters"))
        {
            job.Refuse("maxTrialCount", $"found {trials}; more than 1 is for searches over 'parameters'");
        }

        if (job.Whole("maxFailedTrialCount", 0, 1_000_000) is > 0 and var failed)
        {
            job.Refuse("maxFailedTrialCount", $"found {failed}; more than 0 is not available yet: a segment that fails for good fails the job");
        }

        ScheduleSpec? schedule = ScheduleSpecReader.Read(job, steps, settings, trainer?.Workload, job.Has("parameters"));
        if (job.Has("parameters") && schedule is { Algorithm: not "fixed" })
        {
            job.Refuse("parameters", $"'schedule.peak' is searched of a fixed schedule, and schedule.algorithm is {schedule.Algorithm}; name schedule: {{ algorithm: fixed, settings: {{ kind: cosine }} }}");
        }

        long? segmentSteps = job.Whole("segmentSteps", 1);
        ValidationSpec validation = ReadValidation(job);
        BudgetSpec budget = ReadBudget(job);
        long seed = job.Whole("seed", -(1L << 53)) ?? 1;
        if (job.Text("onUpgrade", "repin", "wait") == "repin")
        {
            job.Refuse("onUpgrade", "'repin' is not available yet; 'wait' is: a job keeps to the trainer it began with");
        }

        if (job.Text("order", "planned", "arrival") == "arrival")
        {
            job.Refuse("order", "'arrival' is not available yet; 'planned' is");
        }

        job.NotYet("earlyStopping", "a schedule search has its own divergence guard");
        job.NotYet("start", "every job starts from its seed");
        job.NotYet("replicates", "submit the job once for each seed");
        job.NotYet("checkpoints", "the last checkpoint of the path is kept");
        foreach (string reserved in Reserved)
        {
            job.NotYet(reserved, "the key is reserved");
        }

        job.Done();
        if (problems.Count > 0)
        {
            return new JobSpecReading(null, problems);
        }

        long stage = schedule!.AutoLrs?.StageSteps ?? steps!.Value;
        segmentSteps ??= Math.Min(stage, Math.Max(1, steps!.Value / 20));
        if (steps!.Value / segmentSteps > MostPieces)
        {
            job.Refuse("segmentSteps", $"found {segmentSteps}, which cuts {steps} steps into {steps / segmentSteps} segments; at most {MostPieces} are wanted");
        }

        if (schedule.AutoLrs is { } search && Stages(search, steps.Value) > MostPieces)
        {
            problems.Add(new SpecProblem("/schedule/settings/stageSteps", $"found {stage}, which cuts {steps} steps into more than {MostPieces} stages; fewer are wanted"));
        }

        if (problems.Count > 0)
        {
            return new JobSpecReading(null, problems);
        }

        var spec = new JobSpec
        {
            Name = name!,
            Trainer = trainer! with { MemoryBytes = resources.MemoryBytes },
            Settings = settings,
            Objective = objective!,
            Steps = steps!.Value,
            SegmentSteps = segmentSteps.Value,
            Schedule = schedule,
            Peaks = peaks,
            Validation = validation,
            ParallelTrialCount = parallel,
            MaxTrialCount = trials ?? peaks?.Rungs[0].Count ?? 1,
            Budget = budget,
            Seed = seed,
            Resources = resources,
        };
        return new JobSpecReading(spec, []);
    }

    /// <summary>How many stages there are, counted no further than is allowed.</summary>
    private static long Stages(AutoLrsSpec search, long steps)
    {
        double length = search.StageSteps;
        long count = 0;
        for (double start = 0; start < steps && count <= MostPieces; count++)
        {
            start += Math.Min(length, search.MaxStageSteps ?? double.PositiveInfinity);
            length *= search.Growth;
        }

        return count;
    }

    /// <summary>Pointer to a text that JSON allows and Unicode does not; null = all can be read.</summary>
    private static string? Unreadable(JsonElement value, string pointer)
    {
        try
        {
            switch (value.ValueKind)
            {
                case JsonValueKind.String:
                    value.GetString();
                    return null;
                case JsonValueKind.Object:
                    return value.EnumerateObject().Select(member => Unreadable(member.Value, $"{pointer}/{SpecCursor.Escape(member.Name)}")).FirstOrDefault(p => p is not null);
                case JsonValueKind.Array:
                    return value.EnumerateArray().Select((item, i) => Unreadable(item, $"{pointer}/{i}")).FirstOrDefault(p => p is not null);
                default:
                    return null;
            }
        }
        catch (InvalidOperationException)
        {
            return pointer;
        }
    }

    internal static T? Required<T>(SpecCursor at, string key, T? value, string what)
    {
        if (!at.Has(key))
        {
            at.RefuseHere($"'{key}' is missing: {what}");
        }

        return value;
    }

    private static string? ReadName(SpecCursor job)
    {
        string? name = Required(job, "name", job.Text("name"), "a name for people, and of the output folder");
        if (name is not null && (name.Length > 100 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')) || name[0] == '.'))
        {
            job.Refuse("name", $"found \"{name}\"; 1 to 100 letters, digits, '-', '_' and '.' are wanted, not beginning with '.'");
        }

        return name;
    }

    private static (TrainerSelection? Trainer, JsonObject Settings) ReadTrainer(SpecCursor job)
    {
        SpecCursor? at = job.Object("trainer");
        if (at is null)
        {
            Required<object>(job, "trainer", null, "which trainer runs the segments: a workload, a name or a command");
            return (null, []);
        }

        string? workload = at.Text("workload");
        string? name = at.Text("name");
        IReadOnlyList<string>? command = at.Texts("command");
        if (((string[])["workload", "name", "command"]).Count(at.Has) != 1)
        {
            at.RefuseHere("exactly one of 'workload' (of the built-in trainer), 'name' (configured on the agents) and 'command' is wanted");
        }

        var settings = new JsonObject();
        if (at.Object("settings") is { } given && at.Raw("settings") is { } raw)
        {
            foreach (JsonProperty setting in raw.EnumerateObject())
            {
                settings[setting.Name] = JsonNode.Parse(setting.Value.GetRawText());
                if (settings[setting.Name] is not JsonValue)
                {
                    given.Refuse(setting.Name, $"found {SpecCursor.Describe(setting.Value)}; a text, a number, true or false is wanted");
                }
            }
        }

        var trainer = new TrainerSelection
        {
            Workload = workload,
            Name = name,
            Command = command,
            Files = at.Texts("files"),
            Version = at.Text("version"),
            Threads = (int?)at.Whole("threads", 1, 1024) ?? 1,
            HangSeconds = at.Number("hangSeconds", 1, 86_400) ?? 120,
        };
        at.Done();
        return (trainer, settings);
    }

    private static ObjectiveSpec? ReadObjective(SpecCursor job)
    {
        if (job.Raw("objective") is { ValueKind: JsonValueKind.Array })
        {
            job.Refuse("objective", "several objectives are not available yet; give one mapping with metric and type");
            return null;
        }

        SpecCursor? at = job.Object("objective");
        if (at is null)
        {
            Required<object>(job, "objective", null, "metric and type, e.g. { metric: validation_loss, type: minimize }");
            return null;
        }

        string? metric = Required(at, "metric", at.Text("metric"), "a metric of the workload, e.g. validation_loss");
        string? type = Required(at, "type", at.Text("type", "minimize", "maximize"), "minimize or maximize");
        double? goal = at.Number("goal");
        string value = at.Text("value", "last", "best") ?? "last";
        if (value == "best")
        {
            at.Refuse("value", "'best' is for parameter searches, which are not available yet; a schedule search reports the 'last'");
        }

        at.Done();
        return metric is null || type is null ? null : new ObjectiveSpec(metric, type == "maximize", goal, value);
    }

    private static ValidationSpec ReadValidation(SpecCursor job)
    {
        SpecCursor? at = job.Object("validation");
        if (at is null)
        {
            return new ValidationSpec(0, null);
        }

        long every = at.Whole("every", 0) ?? 0;
        long? samples = at.Raw("samples") is { ValueKind: JsonValueKind.String } text && text.GetString() == "all"
            ? null
            : at.Whole("samples", 1);
        at.Done();
        return new ValidationSpec(every, samples);
    }

    private static BudgetSpec ReadBudget(SpecCursor job)
    {
        SpecCursor? at = job.Object("budget");
        if (at is null)
        {
            return new BudgetSpec();
        }

        long? steps = at.Whole("maxSteps", 1);
        TimeSpan? duration = null;
        if (at.Raw("maxDuration") is { } raw)
        {
            duration = Duration(raw);
            if (duration is null)
            {
                at.Refuse("maxDuration", $"found {SpecCursor.Describe(raw)}; a duration such as 90s, 30m, 12h or 2d is wanted");
            }
        }

        at.Done();
        return new BudgetSpec(steps, duration);
    }

    private static TimeSpan? Duration(JsonElement raw)
    {
        if (raw.ValueKind != JsonValueKind.String || raw.GetString() is not { Length: >= 2 } text
            || !double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double amount)
            || amount <= 0 || amount > 100_000)
        {
            return null;
        }

        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(amount),
            'm' => TimeSpan.FromMinutes(amount),
            'h' => TimeSpan.FromHours(amount),
            'd' => TimeSpan.FromDays(amount),
            _ => null,
        };
    }

    private static ResourceSpec ReadResources(SpecCursor job)
    {
        SpecCursor? at = job.Object("resources");
        if (at is null)
        {
            return new ResourceSpec();
        }

        var labels = new Dictionary<string, string>();
        if (at.Object("labels") is not null)
        {
            foreach (JsonProperty label in at.Raw("labels")!.Value.EnumerateObject())
            {
                labels[label.Name] = label.Value.ValueKind == JsonValueKind.String ? label.Value.GetString()! : label.Value.GetRawText();
            }
        }

        var resources = new ResourceSpec
        {
            Pool = at.Text("pool") ?? "default",
            SlotsPerTrial = (int?)at.Whole("slotsPerTrial", 1, 1) ?? 1,
            MemoryBytes = ReadBytes(at),
            Labels = labels,
            Priority = (int?)at.Whole("priority", -1000, 1000) ?? 0,
        };
        at.Done();
        return resources;
    }

    private static long? ReadBytes(SpecCursor at)
    {
        if (at.Raw("memory") is not { } raw)
        {
            return null;
        }

        string text = raw.ValueKind == JsonValueKind.String ? raw.GetString()! : raw.GetRawText();
        foreach ((string unit, double factor) in ((string, double)[])[("GiB", 1L << 30), ("MiB", 1L << 20), ("GB", 1e9), ("MB", 1e6), ("", 1)])
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double amount)
                && amount * factor >= 1e6)
            {
                return (long)(amount * factor);
            }
        }

        at.Refuse("memory", $"found {SpecCursor.Describe(raw)}; an amount such as 4GiB or 800MB is wanted, at least 1MB");
        return null;
    }
}
