using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Jobs;

namespace Orchestrator.Grains.Tests.Driving;

/// <summary>Job files for tests, small enough that a property may run hundreds of them.</summary>
internal static class JobFiles
{
    /// <summary>What the jobs are pinned to.</summary>
    public static JobPlacement Placement { get; } =
        new("trainer-digest", "trainer 1.0", "data-digest", "cpu-test-t1", Bitwise: true, ["validation_loss", "test_loss"], BatchSize: 8, CutsGuarded: true);

    /// <summary>A search by AutoLRS: three stages of 20 steps, four candidates, each to the end of its probe.</summary>
    public static JsonObject AutoLrs(int steps = 60, int stage = 20, int probe = 5, int candidates = 4) => File("autolrs", steps, new JsonObject
    {
        ["stageSteps"] = stage,
        ["probeSteps"] = probe,
        ["candidates"] = candidates,
        ["racing"] = false,
        ["anneal"] = false,
    });

    /// <summary>The published search: one candidate after the other.</summary>
    public static JsonObject Reference(int steps = 60, int stage = 20, int probe = 5, int candidates = 3) => File("autolrs-reference", steps, new JsonObject
    {
        ["stageSteps"] = stage,
        ["probeSteps"] = probe,
        ["candidates"] = candidates,
        ["growth"] = 1,
    });

    /// <summary>The same with all three candidates of a stage at once.</summary>
    public static JsonObject Waves() => Reference().With("parallelTrialCount", 3).With("segmentSteps", 20).With("schedule.range.max", 1.0);

    /// <summary>The search for one peak at the start; it wants 600 steps after a warm-up.</summary>
    public static JsonObject Annealed() => File("annealed", 610, []);

    /// <summary>The same with a race of two peaks.</summary>
    public static JsonObject Race() => Annealed().With("schedule.settings.race", 1);

    /// <summary>A given schedule tried at several peaks, some for a part of its length.</summary>
    public static JsonObject Peaks(int steps = 60)
    {
        JsonObject file = Fixed(steps).With("algorithm", JsonNode.Parse("""{ "name": "halving", "settings": { "rungs": [[4, 0.25], [2, 1]] } }"""))
            .With("parameters", JsonNode.Parse("""[{ "name": "schedule.peak", "type": "double", "min": 0.02, "max": 6 }]"""));
        file["schedule"]!["settings"]!.AsObject().Remove("peak");
        return file;
    }

    /// <summary>One run under a schedule that is given.</summary>
    public static JsonObject Fixed(int steps = 60, double peak = 0.1, string kind = "cosine")
    {
        JsonObject file = File("fixed", steps, new JsonObject { ["kind"] = kind, ["peak"] = peak });
        file["schedule"]!.AsObject().Remove("range");
        return file;
    }

    /// <summary>The file as the control plane reads it.</summary>
    public static JobSpec Read(JsonObject file)
    {
        using JsonDocument document = JsonDocument.Parse(file.ToJsonString());
        JobSpecReading reading = JobSpecReader.Read(document.RootElement);
        return reading.Spec ?? throw new ArgumentException(string.Join("; ", reading.Problems.Select(p => $"{p.Pointer}: {p.Message}")), nameof(file));
    }

    /// <summary>The file with a key set; a path such as budget.maxSteps names a key within.</summary>
    public static JsonObject With(this JsonObject file, string path, JsonNode? value)
    {
        var copy = (JsonObject)file.DeepClone();
        JsonObject at = copy;
        string[] names = path.Split('.');
        foreach (string name in names[..^1])
        {
            if (at[name] is not JsonObject inner)
            {
                at[name] = inner = [];
            }

            at = inner;
        }

        at[names[^1]] = value;
        return copy;
    }

    private static JsonObject File(string algorithm, int steps, JsonObject settings) => new()
    {
        ["name"] = "test",
        ["trainer"] = new JsonObject
        {
            ["workload"] = "noisy-quadratic",
            ["settings"] = new JsonObject { ["momentum"] = 0.9, ["batchSize"] = 8 },
        },
        ["objective"] = new JsonObject { ["metric"] = "validation_loss", ["type"] = "minimize" },
        ["steps"] = steps,
        ["schedule"] = new JsonObject
        {
            ["algorithm"] = algorithm,
            ["range"] = new JsonObject { ["min"] = 0.005, ["max"] = 8 },
            ["settings"] = settings,
        },
        ["seed"] = 1,
    };
}
