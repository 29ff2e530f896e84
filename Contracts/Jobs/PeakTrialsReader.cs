using System.Globalization;
using System.Text.Json;

namespace Orchestrator.Contracts.Jobs;

/// <summary>
/// Reads <c>parameters</c> and <c>algorithm</c> as far as they are available: the one parameter <c>schedule.peak</c>, over
/// which a grid, Sobol points or successive halving try a fixed schedule.
/// </summary>
internal static class PeakTrialsReader
{
    private const string Peak = "schedule.peak";
    private const int MostTrials = 1000;

    public static PeakTrialsSpec? Read(SpecCursor job, int? trials)
    {
        (string? algorithm, SpecCursor? settings) = ReadAlgorithm(job);
        if (job.Raw("parameters") is not { } raw)
        {
            if (job.Has("algorithm"))
            {
                job.Refuse("algorithm", "it says how 'parameters' are searched, and there are none; a schedule is searched with schedule.algorithm");
            }

            settings?.Forgive("rungs");
            return null;
        }

        if (raw.ValueKind != JsonValueKind.Array || raw.GetArrayLength() != 1 || raw[0].ValueKind != JsonValueKind.Object)
        {
            job.Refuse("parameters", $"found {SpecCursor.Describe(raw)}; a list with the one parameter {Peak} is wanted, others are not available yet");
            settings?.Forgive("rungs");
            return null;
        }

        var parameter = new SpecCursor(raw[0], job.At("parameters") + "/0", job.Problems);
        (IReadOnlyList<double>? values, double min, double max)? points = ReadPoints(parameter);
        parameter.Done();
        if (algorithm is null)
        {
            if (!job.Has("algorithm"))
            {
                job.RefuseHere("'algorithm' is missing: how 'parameters' are searched: grid, sobol or halving");
            }

            settings?.Forgive("rungs");
            return null;
        }

        int? listed = points?.values?.Count;
        List<PeakRungSpec>? rungs = algorithm == "halving" ? ReadRungs(settings) : null;
        settings?.Done();
        if (algorithm == "halving")
        {
            if (listed is not null && rungs is not null && listed != rungs[0].Count)
            {
                parameter.Refuse("values", $"found {listed} values; as many as the first rung has trials, {rungs[0].Count}, are wanted");
            }
        }
        else if (listed is null && trials is null)
        {
            job.RefuseHere("'maxTrialCount' is missing: how many peaks are tried");
        }
        else if ((trials ?? listed) > MostTrials)
        {
            job.Refuse("maxTrialCount", $"found {trials ?? listed}; at most {MostTrials} are wanted");
        }
        else if (listed is not null && trials is not null && trials != listed)
        {
            job.Refuse("maxTrialCount", $"found {trials}, but {listed} values are listed; the same number, or none, is wanted");
        }

        rungs ??= [new PeakRungSpec(listed ?? trials ?? 1, 1)];
        return points is { } p ? new PeakTrialsSpec(algorithm, p.values, p.min, p.max, rungs) : null;
    }

    private static (string? Algorithm, SpecCursor? Settings) ReadAlgorithm(SpecCursor job)
    {
        if (job.Raw("algorithm") is not { ValueKind: JsonValueKind.Object })
        {
            return (job.Text("algorithm", "grid", "sobol", "halving"), null);
        }

        SpecCursor at = job.Object("algorithm")!;
        string? name = JobSpecReader.Required(at, "name", at.Text("name", "grid", "sobol", "halving"), "grid, sobol or halving");
        SpecCursor? settings = at.Object("settings");
        at.Done();
        return (name, settings);
    }

    private static (IReadOnlyList<double>? Values, double Min, double Max)? ReadPoints(SpecCursor at)
    {
        string? name = JobSpecReader.Required(at, "name", at.Text("name"), Peak);
        if (name is not null && name != Peak)
        {
            at.Refuse("name", $"found \"{name}\"; {Peak} is the one parameter that is available yet");
        }

        string? type = JobSpecReader.Required(at, "type", at.Text("type", "double", "discrete"), "double (min, max) or discrete (values)");
        at.Text("scale", "log");
        if (type == "discrete")
        {
            double[] values = at.Raw("values") is { ValueKind: JsonValueKind.Array } list && list.EnumerateArray().All(v => v.ValueKind == JsonValueKind.Number)
                ? [.. list.EnumerateArray().Select(v => v.GetDouble())]
                : [];
            if (values.Length == 0 || values.Any(v => !(v > 0) || !double.IsFinite(v)) || values.Distinct().Count() != values.Length)
            {
                at.Refuse("values", "a list of different rates above 0 is wanted");
                return null;
            }

            return (values, 0, 0);
        }

        double? min = at.Number("min", 0, minExclusive: true);
        double? max = at.Number("max", 0, minExclusive: true);
        at.Forgive("values");
        if (type is null)
        {
            return null;
        }

        JobSpecReader.Required(at, "min", min, "the lowest peak");
        JobSpecReader.Required(at, "max", max, "the highest peak");
        if (min >= max)
        {
            at.Refuse("min", $"found {min}, which is not below max, {max}; min < max is wanted");
            return null;
        }

        return min is null || max is null ? null : (null, min.Value, max.Value);
    }

    private static List<PeakRungSpec>? ReadRungs(SpecCursor? settings)
    {
        if (settings?.Raw("rungs") is not { } raw)
        {
            return [new(9, 1.0 / 60), new(3, 1.0 / 20), new(1, 1)];
        }

        var rungs = new List<PeakRungSpec>();
        foreach (JsonElement rung in raw.ValueKind == JsonValueKind.Array ? raw.EnumerateArray() : default)
        {
            if (rung.ValueKind == JsonValueKind.Array && rung.GetArrayLength() == 2 && rung[0].ValueKind == JsonValueKind.Number
                && rung[0].TryGetInt32(out int count) && count >= 1 && Fraction(rung[1]) is > 0 and <= 1 and var fraction)
            {
                rungs.Add(new PeakRungSpec(count, fraction));
            }
        }

        bool ordered = rungs.Zip(rungs.Skip(1)).All(pair => pair.Second.Count < pair.First.Count && pair.Second.Fraction > pair.First.Fraction);
        if (raw.ValueKind != JsonValueKind.Array || rungs.Count == 0 || rungs.Count != raw.GetArrayLength() || rungs[^1].Fraction != 1 || !ordered)
        {
            settings.Refuse("rungs", "a list of [trials, share of the steps] is wanted, trials falling and shares rising to 1, e.g. [[9, 1/60], [3, 1/20], [1, 1]]");
            return null;
        }

        return rungs;
    }

    /// <summary>A number, or a text such as 1/60, which YAML and JSON have no number for.</summary>
    private static double? Fraction(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Number)
        {
            return value.GetDouble();
        }

        string[] parts = value.ValueKind == JsonValueKind.String ? value.GetString()!.Split('/') : [];
        return parts.Length == 2
            && double.TryParse(parts[0], NumberStyles.Float, CultureInfo.InvariantCulture, out double above)
            && double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double below) && below > 0
                ? above / below
                : null;
    }
}
