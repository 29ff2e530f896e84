using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Workers.Trainer.Workloads;

/// <summary>The settings of an opened workload: checked, with defaults filled in.</summary>
internal sealed class SettingValues
{
    private readonly Dictionary<string, object> _values;

    private SettingValues(Dictionary<string, object> values) => _values = values;

    /// <summary>Checks settings against their definitions.</summary>
    /// <param name="definitions">What there is.</param>
    /// <param name="given">What was given; a later one of these overrides an earlier one's keys.</param>
    /// <exception cref="TrainerException">Bad input: names every setting that is unknown, missing or not allowed.</exception>
    internal static SettingValues Read(
        IReadOnlyList<SettingDefinition> definitions, params IReadOnlyList<IReadOnlyDictionary<string, JsonElement>?> given)
    {
        var merged = new Dictionary<string, JsonElement>();
        foreach (var (name, value) in given.SelectMany(g => g ?? new Dictionary<string, JsonElement>()))
        {
            merged[name] = value;
        }

        var errors = merged.Keys.Where(name => definitions.All(d => d.Name != name)).Order(StringComparer.Ordinal)
            .Select(name => $"`{name}` is unknown; there are {string.Join(", ", definitions.Select(d => d.Name))}")
            .ToList();
        var values = new Dictionary<string, object>();
        foreach (var definition in definitions)
        {
            if (!merged.TryGetValue(definition.Name, out var element))
            {
                if (definition.Default is { } value)
                {
                    values[definition.Name] = value;
                }
                else
                {
                    errors.Add($"`{definition.Name}` is missing: {definition.Allowed}");
                }
            }
            else if (definition.TryRead(element) is { } value)
            {
                values[definition.Name] = value;
            }
            else
            {
                errors.Add($"`{definition.Name}` is {element.GetRawText()}: give {definition.Allowed}");
            }
        }

        return errors.Count == 0
            ? new(values)
            : throw TrainerException.BadInput($"settings: {string.Join("; ", errors)}");
    }

    /// <summary>The JSON Schema (draft 2020-12) of a workload's settings.</summary>
    internal static JsonElement Schema(IReadOnlyList<SettingDefinition> definitions)
    {
        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["type"] = "object",
            ["properties"] = new JsonObject(definitions.Select(d => KeyValuePair.Create(d.Name, (JsonNode?)d.Schema()))),
            ["additionalProperties"] = false,
        };
        if (definitions.Any(d => d.Default is null))
        {
            schema["required"] = new JsonArray([.. definitions.Where(d => d.Default is null).Select(d => (JsonNode)d.Name)]);
        }

        return JsonElement.Parse(schema.ToJsonString());
    }

    internal double Number(string name) => (double)_values[name];

    internal int Integer(string name) => (int)_values[name];

    internal bool Flag(string name) => (bool)_values[name];

    internal string Text(string name) => (string)_values[name];

    /// <summary>Whether the same model, on the same data, would be built.</summary>
    internal bool SameAs(SettingValues other) =>
        _values.Count == other._values.Count && _values.All(v => v.Value.Equals(other._values.GetValueOrDefault(v.Key)));
}
