using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Silo.Api;

/// <summary>
/// Checks a job file against what the pool's workers described. A pool without workers refuses nothing: the job waits.
/// </summary>
internal static class PoolCheck
{
    public static IReadOnlyList<SpecProblem> Problems(JobSpec spec, IReadOnlyList<WorkerRegistration> workers)
    {
        if (workers.Count == 0 || spec.Trainer.Command is not null)
        {
            bool refused = workers.Count > 0 && workers.All(worker => !worker.AllowCommand);
            return refused
                ? [new SpecProblem("/trainer/command", "no worker of the pool accepts a job's own command; start one with --allow-command, or use a trainer by name")]
                : [];
        }

        OfferedTrainer[] offered = [.. workers.SelectMany(worker => worker.Trainers).Where(trainer => trainer.Name == spec.Trainer.Name)];
        if (spec.Trainer.Name is not null && offered.Length == 0)
        {
            return [new SpecProblem("/trainer/name", $"no worker of the pool offers a trainer '{spec.Trainer.Name}'; they offer {Names(workers.SelectMany(w => w.Trainers).Select(t => t.Name))}")];
        }

        if (spec.Trainer.Workload is null)
        {
            return [];
        }

        TrainerDescription? description = offered.Select(trainer => trainer.Description).FirstOrDefault(d => d.Workloads.Any(w => w.Name == spec.Trainer.Workload));
        if (description is null)
        {
            return [new SpecProblem("/trainer/workload", $"found \"{spec.Trainer.Workload}\"; the pool's workers offer {Names(offered.SelectMany(t => t.Description.Workloads).Select(w => w.Name))}")];
        }

        WorkloadDescription workload = description.Workloads.First(w => w.Name == spec.Trainer.Workload);
        var problems = new List<SpecProblem>();
        if (!workload.Metrics.Contains(spec.Objective.Metric))
        {
            problems.Add(new SpecProblem("/objective/metric", $"found \"{spec.Objective.Metric}\"; {workload.Name} has {Names(workload.Metrics)}"));
        }

        problems.AddRange(SettingsCheck.Problems(workload.Settings, spec.Settings, "/trainer/settings"));
        if (spec.Settings["dataset"] is JsonValue dataset && dataset.TryGetValue(out string? name)
            && !workers.SelectMany(w => w.Trainers).SelectMany(t => t.Description.Data).Any(d => d.Name == name))
        {
            DataSetProblem? unusable = offered.SelectMany(t => t.Description.Unusable ?? []).FirstOrDefault(d => d.Name == name);
            problems.Add(new SpecProblem("/trainer/settings/dataset", unusable is not null
                ? $"found \"{name}\", which no worker of the pool can use: {unusable.Problem}"
                : $"found \"{name}\"; the pool's workers have {Names(description.Data.Select(d => d.Name))}. A data set is a folder of its name in the workers' data folder (--data, ORCHESTRATOR_DATA); `orchestrator data` says which sets can be fetched"));
        }

        return problems;
    }

    private static string Names(IEnumerable<string?> names)
    {
        string text = string.Join(", ", names.OfType<string>().Distinct().Order(StringComparer.Ordinal));
        return text.Length == 0 ? "none" : text;
    }
}

/// <summary>Holds flat settings to the JSON Schema their workload described: types, enumerations, bounds, known names.</summary>
internal static class SettingsCheck
{
    public static IEnumerable<SpecProblem> Problems(JsonElement schema, JsonObject settings, string pointer)
    {
        if (schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("properties", out JsonElement properties))
        {
            yield break;
        }

        if (schema.TryGetProperty("required", out JsonElement required) && required.ValueKind == JsonValueKind.Array)
        {
            foreach (string? name in required.EnumerateArray().Select(item => item.GetString()).Where(name => name is not null && !settings.ContainsKey(name)))
            {
                yield return new SpecProblem(pointer, $"'{name}' is missing: {Meaning(properties, name!)}");
            }
        }

        foreach ((string name, JsonNode? value) in settings)
        {
            string at = $"{pointer}/{name.Replace("~", "~0").Replace("/", "~1")}";
            if (!properties.TryGetProperty(name, out JsonElement rule))
            {
                if (schema.TryGetProperty("additionalProperties", out JsonElement more) && more.ValueKind == JsonValueKind.False)
                {
                    yield return new SpecProblem(at, $"unknown setting '{name}'; known are {string.Join(", ", properties.EnumerateObject().Select(p => p.Name))}", OnKey: true);
                }
            }
            else if (Refusal(rule, value!) is { } refusal)
            {
                yield return new SpecProblem(at, $"found {value!.ToJsonString()}; {refusal} is wanted");
            }
        }
    }

    private static string Meaning(JsonElement properties, string name) =>
        properties.TryGetProperty(name, out JsonElement rule) && rule.TryGetProperty("description", out JsonElement text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()!.TrimEnd('.')
            : "this workload cannot do without it";

    private static string? Refusal(JsonElement rule, JsonNode value)
    {
        JsonValueKind kind = value.GetValueKind();
        if (rule.TryGetProperty("enum", out JsonElement allowed))
        {
            return allowed.EnumerateArray().Any(item => JsonNode.DeepEquals(JsonValue.Create(item), value))
                ? null
                : "one of " + string.Join(", ", allowed.EnumerateArray().Select(item => item.ToString()));
        }

        string? type = rule.TryGetProperty("type", out JsonElement t) && t.ValueKind == JsonValueKind.String ? t.GetString() : null;
        bool fits = type switch
        {
            "integer" => kind == JsonValueKind.Number && value.GetValue<double>() == Math.Truncate(value.GetValue<double>()),
            "number" => kind == JsonValueKind.Number,
            "boolean" => kind is JsonValueKind.True or JsonValueKind.False,
            "string" => kind == JsonValueKind.String,
            _ => true,
        };
        string wanted = type switch { "integer" => "a whole number", "number" => "a number", "boolean" => "true or false", _ => "a text" };
        if (!fits || kind != JsonValueKind.Number)
        {
            return fits ? null : wanted;
        }

        double number = value.GetValue<double>();
        return Bound("minimum", (n, b) => n < b, "at least") ?? Bound("maximum", (n, b) => n > b, "at most")
            ?? Bound("exclusiveMinimum", (n, b) => n <= b, "above") ?? Bound("exclusiveMaximum", (n, b) => n >= b, "below");

        string? Bound(string name, Func<double, double, bool> breaks, string word) =>
            rule.TryGetProperty(name, out JsonElement bound) && breaks(number, bound.GetDouble()) ? $"{wanted}, {word} {bound.GetDouble()}," : null;
    }
}
