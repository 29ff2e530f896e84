using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Contracts.Jobs;

/// <summary>Reads the <c>schedule</c> block of a job file.</summary>
internal static class ScheduleSpecReader
{
    /// <summary>Fewest steps that `annealed` searches: shorter probes end on a network's first plateau.</summary>
    private const long LeastAnnealed = 600;

    /// <summary>The built-in workload whose optimizer is adamw unless it is said; those of images and quadratics have sgd.</summary>
    private const string TextWorkload = "language-model";

    /// <summary>A probe of the first stage of `autolrs` over one of the others: it chooses among decades, from a plateau.</summary>
    private const long FirstProbe = 3;

    private static readonly string[] Available = ["annealed", "autolrs", "autolrs-reference", "fixed"];

    public static ScheduleSpec? Read(SpecCursor job, long? steps, JsonObject trainerSettings, string? workload, bool peakIsParameter)
    {
        if (job.Raw("schedule") is not { } raw)
        {
            raw = JsonDocument.Parse("\"annealed\"").RootElement;
        }

        if (raw.ValueKind == JsonValueKind.String)
        {
            using var named = JsonDocument.Parse("{\"algorithm\":" + raw.GetRawText() + "}");
            return ReadBlock(new SpecCursor(named.RootElement.Clone(), job.At("schedule"), job.Problems), steps, trainerSettings, workload, peakIsParameter);
        }

        SpecCursor? at = job.Object("schedule");
        return at is null ? null : ReadBlock(at, steps, trainerSettings, workload, peakIsParameter);
    }

    private static ScheduleSpec? ReadBlock(SpecCursor at, long? steps, JsonObject trainerSettings, string? workload, bool peakIsParameter)
    {
        string? algorithm = ReadAlgorithm(at);
        (double Min, double Max)? range = ReadRange(at, trainerSettings, workload, wanted: algorithm is "annealed" or "autolrs" or "autolrs-reference");
        WarmupSpec? warmup = ReadWarmup(at, steps, range?.Max);
        long searched = (steps ?? long.MaxValue) - (warmup?.Steps ?? 0);
        SpecCursor? settings = at.Object("settings");
        ScheduleSpec? spec = null;
        if (algorithm == "fixed")
        {
            FixedScheduleSpec? schedule = ReadFixed(at, settings, searched, known: steps is not null, peakIsParameter);
            double peak = schedule?.Peak ?? schedule?.Runs?.Max(run => Math.Max(run.From, run.To)) ?? 0;
            spec = new ScheduleSpec { Algorithm = algorithm, MaxRate = peak, Fixed = schedule };
            warmup = warmup is { To: 0 } ? warmup with { To = peak } : warmup;
        }
        else if (algorithm == "annealed")
        {
            AnnealedSpec settled = ReadAnnealed(at, settings);
            if (steps is not null && searched < LeastAnnealed)
            {
                at.RefuseHere($"'annealed' searches runs of at least {LeastAnnealed} steps after the warm-up, and these are {searched}: shorter probes end on a network's first plateau. Train longer, or name schedule.algorithm: fixed or autolrs");
            }

            spec = range is { } r ? new ScheduleSpec { Algorithm = algorithm, MinRate = r.Min, MaxRate = r.Max, Annealed = settled } : null;
        }
        else if (algorithm is not null)
        {
            AutoLrsSpec settled = ReadAutoLrs(at, settings, searched, steps, reference: algorithm == "autolrs-reference");
            spec = range is { } r ? new ScheduleSpec { Algorithm = algorithm, MinRate = r.Min, MaxRate = r.Max, AutoLrs = settled } : null;
        }

        if (algorithm is not null)
        {
            settings?.Done();
        }

        at.Done();
        return spec is null ? null : spec with { Warmup = warmup };
    }

    private static string? ReadAlgorithm(SpecCursor at)
    {
        string key = at.Has("name") ? "name" : "algorithm";
        if (at.Has("name") && at.Has("algorithm"))
        {
            at.RefuseHere("'name' and 'algorithm' mean the same; give one");
        }

        at.Raw("name");
        at.Raw("algorithm");
        if (!at.Has(key))
        {
            // What stands beside it says nothing of which search is meant: the default is.
            return "annealed";
        }

        return at.Text(key, Available);
    }

    private static (double Min, double Max)? ReadRange(SpecCursor at, JsonObject trainerSettings, string? workload, bool wanted)
    {
        SpecCursor? range = at.Object("range");
        if (range is null)
        {
            if (!wanted || at.Has("range"))
            {
                return null;
            }

            if (workload is null)
            {
                at.RefuseHere("'range' is missing: a trainer that is not built in needs one, e.g. range: { min: 1e-4, max: 1, scale: log }");
                return null;
            }

            string optimizer = trainerSettings["optimizer"] is JsonValue value && value.TryGetValue(out string? name) ? name
                : workload == TextWorkload ? "adamw" : "sgd";
            return optimizer is "adam" or "adamw" ? (1e-5, 3e-2) : (1e-4, 1);
        }

        double? min = JobSpecReader.Required(range, "min", range.Number("min", 0, minExclusive: true), "the smallest learning rate");
        double? max = JobSpecReader.Required(range, "max", range.Number("max", 0, minExclusive: true), "the largest learning rate");
        range.Text("scale", "log");
        range.Done();
        if (min >= max)
        {
            range.Refuse("min", $"found {min}, which is not below max, {max}; min < max is wanted");
            return null;
        }

        return min is null || max is null ? null : (min.Value, max.Value);
    }

    private static WarmupSpec? ReadWarmup(SpecCursor at, long? steps, double? max)
    {
        SpecCursor? warmup = at.Object("warmup");
        if (warmup is null)
        {
            return null;
        }

        long length = warmup.Whole("steps", 0) ?? 0;
        double from = warmup.Number("from", 0) ?? 0;
        double? to = warmup.Number("to", 0, minExclusive: true);
        warmup.Done();
        if (length > 0 && length >= steps)
        {
            warmup.Refuse("steps", $"found {length}; fewer than the trial's {steps} are wanted");
        }

        return length == 0 ? null : new WarmupSpec(length, from, to ?? max ?? 0);
    }

    private static FixedScheduleSpec? ReadFixed(SpecCursor at, SpecCursor? settings, long searched, bool known, bool peakIsParameter)
    {
        if (settings is null)
        {
            at.RefuseHere("'settings' is missing: a fixed schedule needs a kind, e.g. settings: { kind: cosine, peak: 0.1 }");
            return null;
        }

        string? kind = JobSpecReader.Required(settings, "kind", settings.Text("kind", "constant", "linear", "cosine", "rex", "wsd", "runs"), "constant, linear, cosine, rex, wsd or runs");
        if (kind is null)
        {
            settings.Forgive("peak", "final", "decayFraction", "decay", "runs", "file");
            return null;
        }

        if (settings.Raw("file") is not null)
        {
            settings.Forgive("runs");
            settings.Refuse("file", "the command line replaces 'file' by the runs in it; over the API, give 'runs'");
            return null;
        }

        if (kind == "runs")
        {
            if (peakIsParameter)
            {
                settings.Refuse("kind", "found \"runs\"; stored runs have no peak that could be a parameter: constant, linear, cosine, rex or wsd is wanted");
            }

            IReadOnlyList<RunSpec>? runs = ReadRuns(settings);
            decimal sum = runs?.Sum(run => (decimal)run.Steps) ?? 0;
            if (runs is not null && known && sum != searched)
            {
                settings.Refuse("runs", $"their steps sum to {sum}; the {searched} steps after the warm-up are wanted");
            }

            return new FixedScheduleSpec(kind, null, 0, 0.2, "linear", runs);
        }

        double? peak = settings.Number("peak", 0, minExclusive: true);
        if (peakIsParameter && peak is not null)
        {
            settings.Refuse("peak", $"found {peak}, but 'parameters' searches schedule.peak; give one of them");
        }
        else if (!peakIsParameter)
        {
            JobSpecReader.Required(settings, "peak", peak, "the highest learning rate, or a parameter named schedule.peak");
        }

        double final = settings.Number("final", 0, 1) ?? 0;
        double fraction = kind == "wsd" ? settings.Number("decayFraction", 0, 1, minExclusive: true) ?? 0.2 : 0.2;
        string decay = kind == "wsd" ? settings.Text("decay", "linear", "sqrt") ?? "linear" : "linear";
        return new FixedScheduleSpec(kind, peak, final, fraction, decay, null);
    }

    private static List<RunSpec>? ReadRuns(SpecCursor settings)
    {
        if (settings.Raw("runs") is not { } raw)
        {
            settings.RefuseHere("'runs' is missing: [[steps, from, to], …], or on the command line file: schedule.csv");
            return null;
        }

        var runs = new List<RunSpec>();
        bool valid = raw.ValueKind == JsonValueKind.Array && raw.GetArrayLength() > 0;
        foreach (JsonElement item in valid ? raw.EnumerateArray() : default)
        {
            double[] numbers = item.ValueKind == JsonValueKind.Array && item.EnumerateArray().All(n => n.ValueKind == JsonValueKind.Number)
                ? [.. item.EnumerateArray().Select(n => n.GetDouble())]
                : [];
            valid &= numbers.Length == 3 && numbers.All(n => double.IsFinite(n) && n >= 0) && numbers[0] >= 1
                && numbers[0] == Math.Truncate(numbers[0]) && numbers[0] < 1L << 53;
            if (valid)
            {
                runs.Add(new RunSpec((long)numbers[0], numbers[1], numbers[2]));
            }
        }

        if (!valid)
        {
            settings.Refuse("runs", "a list of [steps, from, to] is wanted: whole steps of at least 1, rates of at least 0");
            return null;
        }

        return runs;
    }

    private static AutoLrsSpec ReadAutoLrs(SpecCursor at, SpecCursor? settings, long searched, long? steps, bool reference)
    {
        SpecCursor from = settings ?? new SpecCursor(JsonDocument.Parse("{}").RootElement, at.At("settings"), at.Problems);
        long? asked = from.Whole("stageSteps", 1);
        long stage = asked ?? ((steps ?? 1000) + 10) / 11;
        double growth = from.Number("growth", 1, 100) ?? (reference ? 2 : 1);
        long? maxStage = from.Whole("maxStageSteps", stage) ?? (reference ? Math.Max(8000, stage) : null);
        long? probe = from.Whole("probeSteps", 1);
        long? firstProbe = reference ? null : from.Whole("firstProbeSteps", 1);
        if (steps is not null && searched > 0 && stage > searched)
        {
            from.Refuse("stageSteps", $"found {stage}; at most the {searched} steps that are searched are wanted");
        }
        else if (stage < 2)
        {
            string where = asked is null ? $"'steps' divided into 11 stages leaves {stage} step a stage" : $"found {stage}";
            from.Refuse("stageSteps", $"{where}; at least 2 are wanted, so that a probe is shorter than its stage");
        }
        else if (probe >= stage)
        {
            from.Refuse("probeSteps", $"found {probe}; fewer than a stage's {stage} steps are wanted");
        }
        else if (firstProbe >= stage)
        {
            from.Refuse("firstProbeSteps", $"found {firstProbe}; fewer than a stage's {stage} steps are wanted");
        }

        int candidates = (int?)from.Whole("candidates", 2, 1000) ?? 10;
        string signal = from.Text("signal", "training", "validation") ?? "training";
        double kappa = reference ? from.Number("kappa", 0) ?? 1000 : 1000;
        long settled = probe ?? Math.Min(Math.Max(5, stage / 10), Math.Max(1, stage - 1));
        firstProbe ??= reference || probe is not null ? null : Math.Min(FirstProbe * settled, Math.Max(1, stage - 1));
        bool racing = !reference && (from.Truth("racing") ?? true);
        bool anneal = !reference && (from.Truth("anneal") ?? true);
        return new AutoLrsSpec(stage, growth, maxStage, settled, candidates, signal, kappa, racing, anneal, firstProbe);
    }

    private static AnnealedSpec ReadAnnealed(SpecCursor at, SpecCursor? settings)
    {
        SpecCursor from = settings ?? new SpecCursor(JsonDocument.Parse("{}").RootElement, at.At("settings"), at.Problems);
        var spec = new AnnealedSpec
        {
            Rung0 = from.Number("rung0", 0, 0.1, minExclusive: true),
            Rung1 = from.Number("rung1", 0, 0.2, minExclusive: true),
            Rung2 = from.Number("rung2", 0, 0.4, minExclusive: true),
            CoolDown = from.Number("coolDown", 0.05, 0.95),
            Guard = from.Number("guard", 0.05, 10),
            Hold = from.Number("hold", 0, 0.95),
            Repair = from.Truth("repair") ?? true,
            Race = (int?)from.Whole("race", 0, 3) ?? 0,
        };
        return spec;
    }
}
