using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Workers.Trainer.Workloads;

/// <summary>One setting of a workload: its schema, and how its value is read. Both come from the same bounds.</summary>
/// <param name="Name">Key in <c>trainer.settings</c>.</param>
/// <param name="Description">For people.</param>
internal abstract record SettingDefinition(string Name, string Description)
{
    /// <summary>The value where none is given; null: it must be given.</summary>
    internal abstract object? Default { get; }

    /// <summary>What is allowed, in words.</summary>
    internal abstract string Allowed { get; }

    /// <summary>The value; null: it is not allowed.</summary>
    internal abstract object? TryRead(JsonElement value);

    /// <summary>JSON Schema of the value.</summary>
    internal abstract JsonObject Schema();
}

/// <summary>A real number.</summary>
internal sealed record NumberSetting(string Name, string Description, double Value) : SettingDefinition(Name, Description)
{
    internal double Min { get; init; } = double.NegativeInfinity;

    /// <summary>Whether <see cref="Min"/> itself is left out.</summary>
    internal bool AboveMin { get; init; }

    internal double Max { get; init; } = double.PositiveInfinity;

    /// <summary>Whether <see cref="Max"/> itself is left out.</summary>
    internal bool BelowMax { get; init; }

    internal override object? Default => Value;

    internal override string Allowed => (double.IsFinite(Min), double.IsFinite(Max)) switch
    {
        (true, true) => $"a number x with {Min} {(AboveMin ? '<' : '≤')} x {(BelowMax ? '<' : '≤')} {Max}",
        (true, false) => $"a number {(AboveMin ? "above" : "of at least")} {Min}",
        (false, true) => $"a number {(BelowMax ? "below" : "of at most")} {Max}",
        _ => "a number",
    };

    internal override object? TryRead(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var x) && double.IsFinite(x)
        && (AboveMin ? x > Min : x >= Min) && (BelowMax ? x < Max : x <= Max)
            ? x
            : null;

    internal override JsonObject Schema()
    {
        var schema = new JsonObject { ["type"] = "number", ["description"] = Description, ["default"] = Value };
        if (double.IsFinite(Min))
        {
            schema[AboveMin ? "exclusiveMinimum" : "minimum"] = Min;
        }

        if (double.IsFinite(Max))
        {
            schema[BelowMax ? "exclusiveMaximum" : "maximum"] = Max;
        }

        return schema;
    }
}

/// <summary>A whole number of [<paramref name="Min"/>, <paramref name="Max"/>].</summary>
internal sealed record IntegerSetting(string Name, string Description, int Value, int Min, int Max)
    : SettingDefinition(Name, Description)
{
    internal override object? Default => Value;

    internal override string Allowed => $"a whole number of {Min} … {Max}";

    internal override object? TryRead(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var x) && x == Math.Floor(x) && x >= Min && x <= Max
            ? (int)x
            : null;

    internal override JsonObject Schema() => new()
    {
        ["type"] = "integer",
        ["description"] = Description,
        ["default"] = Value,
        ["minimum"] = Min,
        ["maximum"] = Max,
    };
}

/// <summary>Yes or no.</summary>
internal sealed record FlagSetting(string Name, string Description, bool Value) : SettingDefinition(Name, Description)
{
    internal override object? Default => Value;

    internal override string Allowed => "true or false";

    internal override object? TryRead(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    internal override JsonObject Schema() =>
        new() { ["type"] = "boolean", ["description"] = Description, ["default"] = Value };
}

/// <summary>One of a few words.</summary>
internal sealed record ChoiceSetting(string Name, string Description, string Value, IReadOnlyList<string> Values)
    : SettingDefinition(Name, Description)
{
    internal override object? Default => Value;

    internal override string Allowed => $"one of {string.Join(", ", Values)}";

    internal override object? TryRead(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && Values.Contains(value.GetString()!) ? value.GetString() : null;

    internal override JsonObject Schema() => new()
    {
        ["type"] = "string",
        ["description"] = Description,
        ["default"] = Value,
        ["enum"] = new JsonArray([.. Values.Select(v => (JsonNode)v)]),
    };
}

/// <summary>Name of a data set, that is of a folder: no path. It must be given.</summary>
internal sealed record DataSetSetting(string Name, string Description) : SettingDefinition(Name, Description)
{
    internal const string Pattern = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$";

    internal override object? Default => null;

    internal override string Allowed => "the name of a folder of data: letters, digits, `.`, `_` and `-`";

    internal override object? TryRead(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && IsName(value.GetString()!) ? value.GetString() : null;

    internal override JsonObject Schema() =>
        new() { ["type"] = "string", ["description"] = Description, ["pattern"] = Pattern };

    private static bool IsName(string text) =>
        text.Length is >= 1 and <= 100 && (char.IsAsciiLetterOrDigit(text[0]) || text[0] == '_')
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
