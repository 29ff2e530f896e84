using System.Text.Json;

namespace Orchestrator.Cli.Watching;

/// <summary>What a search looks like to those who watch it.</summary>
internal enum SearchForm
{
    /// <summary>One schedule, as it was given.</summary>
    Given,

    /// <summary>A given shape, trained at several peaks.</summary>
    Trials,

    /// <summary>Rungs of probes from the initial checkpoint, then one path: `annealed`.</summary>
    Rungs,

    /// <summary>Stage after stage, each with its candidates: `autolrs`, `autolrs-reference`.</summary>
    Stages,
}

/// <summary>The few things of a job file that say how its events are to be read.</summary>
/// <param name="Algorithm">E.g. annealed, autolrs, grid.</param>
/// <param name="Form">What its search looks like.</param>
/// <param name="Steps">Steps of a trial; 0 = unknown.</param>
/// <param name="Metric">The objective's metric.</param>
/// <param name="Maximize">Whether more of it is better: scores are stored negated then.</param>
internal sealed record JobOutline(string Algorithm, SearchForm Form, long Steps, string Metric, bool Maximize)
{
    /// <summary>Before the job file was seen.</summary>
    public static JobOutline Unknown { get; } = new("", SearchForm.Stages, 0, "validation_loss", false);

    /// <summary>Reads a job file that was accepted; what is absent has its default.</summary>
    public static JobOutline Read(JsonElement spec)
    {
        JsonElement objective = spec.Field("objective");
        string schedule = Name(spec.Field("schedule")) ?? "annealed";
        bool trials = spec.Field("parameters").ValueKind == JsonValueKind.Array;
        string algorithm = trials ? Name(spec.Field("algorithm")) ?? "grid" : schedule;
        SearchForm form = trials ? SearchForm.Trials : schedule switch
        {
            "annealed" => SearchForm.Rungs,
            "fixed" => SearchForm.Given,
            _ => SearchForm.Stages,
        };
        return new JobOutline(
            algorithm,
            form,
            (long)(spec.Number("steps") ?? 0),
            objective.Text("metric") ?? "validation_loss",
            objective.Text("type") == "maximize");
    }

    /// <summary>A stored score as the metric has it.</summary>
    public double? Shown(double? score) => Maximize ? -score : score;

    private static string? Name(JsonElement of) => of.ValueKind == JsonValueKind.String
        ? of.GetString()
        : of.Text("algorithm") ?? of.Text("name");
}

/// <summary>Reading of stored events, which may lack what later versions write.</summary>
internal static class EventFields
{
    /// <summary>A field; undefined where there is none.</summary>
    public static JsonElement Field(this JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out JsonElement value) ? value : default;

    /// <summary>A number; null where there is none.</summary>
    public static double? Number(this JsonElement of, string name) =>
        of.Field(name) is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : null;

    /// <summary>A text; null where there is none.</summary>
    public static string? Text(this JsonElement of, string name) =>
        of.Field(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>A truth; false where there is none.</summary>
    public static bool Flag(this JsonElement of, string name) => of.Field(name).ValueKind == JsonValueKind.True;

    /// <summary>The elements of a list; none where there is no list.</summary>
    public static IEnumerable<JsonElement> List(this JsonElement of, string name) =>
        of.Field(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];
}
