using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orchestrator.Contracts.Trainers;

/// <summary>Tells a rule from a plan by its key <c>rule</c>.</summary>
internal sealed class SegmentRatesConverter : JsonConverter<SegmentRates>
{
    public override SegmentRates Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("`plan` is an object with `runs`, or with `rule`");
        }

        return root.TryGetProperty("rule", out _) ? RateRuleConverter.Parse(root) : RatePlanConverter.Parse(root);
    }

    public override void Write(Utf8JsonWriter writer, SegmentRates value, JsonSerializerOptions options)
    {
        if (value is RatePlan plan)
        {
            RatePlanConverter.Format(writer, plan);
        }
        else
        {
            RateRuleConverter.Format(writer, (RateRule)value);
        }
    }
}

/// <summary><c>{"runs":[[n,a,b],…],"offset":k}</c>, always with its offset, so that equal plans are equal bytes.</summary>
internal sealed class RatePlanConverter : JsonConverter<RatePlan>
{
    public override RatePlan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return Parse(document.RootElement);
    }

    public override void Write(Utf8JsonWriter writer, RatePlan value, JsonSerializerOptions options) => Format(writer, value);

    internal static RatePlan Parse(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object
            || !root.TryGetProperty("runs", out var runs) || runs.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException("a rate plan has `runs`, an array of [steps, from, to]");
        }

        long offset = 0;
        if (root.TryGetProperty("offset", out var given)
            && (given.ValueKind != JsonValueKind.Number || !given.TryGetInt64(out offset)))
        {
            throw new JsonException("`offset` of a rate plan is a whole number");
        }

        try
        {
            return new([.. runs.EnumerateArray().Select(ParseRun)], offset);
        }
        catch (ArgumentException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    internal static void Format(Utf8JsonWriter writer, RatePlan value)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("runs"u8);
        foreach (var run in value.Runs)
        {
            writer.WriteStartArray();
            writer.WriteNumberValue(run.Steps);
            writer.WriteNumberValue(run.From);
            writer.WriteNumberValue(run.To);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        writer.WriteNumber("offset"u8, value.Offset);
        writer.WriteEndObject();
    }

    private static RateRun ParseRun(JsonElement run)
    {
        if (run.ValueKind == JsonValueKind.Array && run.GetArrayLength() == 3
            && run.EnumerateArray().All(e => e.ValueKind == JsonValueKind.Number)
            && run[0].TryGetInt64(out var steps))
        {
            return new(steps, run[1].GetDouble(), run[2].GetDouble());
        }

        throw new JsonException($"{run.GetRawText()} is no run: [whole steps, from, to]");
    }
}

/// <summary><c>{"rule":…,"initial":…,"min":…,"max":…,"settings":{…}}</c>.</summary>
internal sealed class RateRuleConverter : JsonConverter<RateRule>
{
    public override RateRule Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return Parse(document.RootElement);
    }

    public override void Write(Utf8JsonWriter writer, RateRule value, JsonSerializerOptions options) => Format(writer, value);

    internal static RateRule Parse(JsonElement root)
    {
        var rule = new RateRule
        {
            Rule = root.TryGetProperty("rule", out var name) && name.ValueKind == JsonValueKind.String
                ? name.GetString()!
                : throw new JsonException("`rule` is the name of a rate rule"),
            Initial = Number(root, "initial"),
            Min = Number(root, "min"),
            Max = Number(root, "max"),
            Settings = root.TryGetProperty("settings", out var settings) && settings.ValueKind == JsonValueKind.Object
                ? settings.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.Clone())
                : EmptySettings.Instance,
        };
        return rule.Min <= rule.Initial && rule.Initial <= rule.Max
            ? rule
            : throw new JsonException($"`initial` {rule.Initial} of a rate rule lies outside [{rule.Min}, {rule.Max}]");
    }

    internal static void Format(Utf8JsonWriter writer, RateRule value)
    {
        writer.WriteStartObject();
        writer.WriteString("rule"u8, value.Rule);
        writer.WriteNumber("initial"u8, value.Initial);
        writer.WriteNumber("min"u8, value.Min);
        writer.WriteNumber("max"u8, value.Max);
        writer.WriteStartObject("settings"u8);
        foreach (var (key, setting) in value.Settings)
        {
            writer.WritePropertyName(key);
            setting.WriteTo(writer);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static double Number(JsonElement root, string key) =>
        root.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number && double.IsFinite(value.GetDouble())
            ? value.GetDouble()
            : throw new JsonException($"`{key}` of a rate rule is a finite number");
}
