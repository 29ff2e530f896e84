using System.Text.Json;

namespace Orchestrator.Silo.Tests.Serving;

/// <summary>The paths of a JSON value and what is at each: its shape without its values.</summary>
internal static class JsonShape
{
    /// <summary>One line a path, sorted.</summary>
    public static IEnumerable<string> Of(JsonElement value) => Lines(value, "").Distinct().Order(StringComparer.Ordinal);

    private static IEnumerable<string> Lines(JsonElement value, string path) => value.ValueKind switch
    {
        JsonValueKind.Object when value.EnumerateObject().Any() =>
            value.EnumerateObject().SelectMany(member => Lines(member.Value, path.Length == 0 ? member.Name : $"{path}.{member.Name}")),
        JsonValueKind.Array when value.GetArrayLength() > 0 => value.EnumerateArray().SelectMany(item => Lines(item, path + "[]")),
        JsonValueKind.Object => [$"{path} {{}}"],
        JsonValueKind.Array => [$"{path} []"],
        JsonValueKind.True or JsonValueKind.False => [$"{path} bool"],
        var kind => [$"{path} {kind.ToString().ToLowerInvariant()}"],
    };
}
