using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Contracts.Tests.Jobs;

public sealed class JobSpecReaderTests
{
    private const string Sound = """
        {
          "name": "digits",
          "trainer": { "workload": "image-classification", "settings": { "dataset": "digits", "model": "mlp", "optimizer": "sgd" } },
          "objective": { "metric": "validation_loss", "type": "minimize" },
          "steps": 1100,
          "schedule": { "algorithm": "autolrs", "range": { "min": 1e-3, "max": 1, "scale": "log" }, "settings": {} },
          "seed": 1
        }
        """;

    [Fact]
    public void A_sound_file_is_read_with_its_defaults()
    {
        JobSpecReading reading = Read(JsonNode.Parse(Sound));

        Assert.Empty(reading.Problems);
        JobSpec spec = reading.Spec!;
        Assert.Equal(1100, spec.Steps);
        Assert.Equal("last", spec.Objective.Value);
        Assert.Equal(1, spec.Trainer.Threads);
        Assert.Equal(120, spec.Trainer.HangSeconds);
        Assert.Equal(100, spec.Schedule.AutoLrs!.StageSteps);
        Assert.Equal(10, spec.Schedule.AutoLrs.ProbeSteps);
        Assert.Equal(10, spec.Schedule.AutoLrs.Candidates);
    }

    [Theory]
    [InlineData("autolrs", "{}", 30)]
    [InlineData("autolrs", "{ \"probeSteps\": 20 }", null)]
    [InlineData("autolrs", "{ \"probeSteps\": 20, \"firstProbeSteps\": 40 }", 40)]
    [InlineData("autolrs", "{ \"firstProbeSteps\": 40 }", 40)]
    [InlineData("autolrs", "{ \"stageSteps\": 12 }", 11)]
    [InlineData("autolrs-reference", "{}", null)]
    public void The_first_probes_of_autolrs_are_three_times_as_long_unless_the_file_says_how_long(string algorithm, string settings, int? first)
    {
        JsonNode file = JsonNode.Parse(Sound)!;
        file["schedule"]!["algorithm"] = algorithm;
        file["schedule"]!["settings"] = JsonNode.Parse(settings);

        Assert.Equal(first, Read(file).Spec!.Schedule.AutoLrs!.FirstProbeSteps);
    }

    [Theory]
    [InlineData("/steps", "0", "/steps", "found 0; a whole number of at least 1 is wanted")]
    [InlineData("/steps", "1.5", "/steps", "found 1.5;")]
    [InlineData("/steps", "\"many\"", "/steps", "found \"many\";")]
    [InlineData("/seed", "\"abc\"", "/seed", "found \"abc\";")]
    [InlineData("/objective/type", "\"minimise\"", "/objective/type", "found \"minimise\"; one of minimize, maximize is wanted")]
    [InlineData("/schedule/range/min", "1", "/schedule/range/min", "found 1, which is not below max, 1; min < max is wanted")]
    [InlineData("/schedule/settings/probeSteps", "200", "/schedule/settings/probeSteps", "found 200; fewer than a stage's 100 steps are wanted")]
    [InlineData("/schedule/settings/firstProbeSteps", "100", "/schedule/settings/firstProbeSteps", "found 100; fewer than a stage's 100 steps are wanted")]
    [InlineData("/trainer/setings", "{}", "/trainer/setings", "unknown key 'setings' (did you mean 'settings'?)")]
    [InlineData("/colour", "1", "/colour", "unknown key 'colour'")]
    [InlineData("/replicates", "3", "/replicates", "'replicates' is not available yet")]
    [InlineData("/onUpgrade", "\"repin\"", "/onUpgrade", "'repin' is not available yet")]
    [InlineData("/maxFailedTrialCount", "2", "/maxFailedTrialCount", "found 2; more than 0 is not available yet")]
    [InlineData("/start", "\"job:x\"", "/start", "'start' is not available yet")]
    [InlineData("/checkpoints", "{}", "/checkpoints", "'checkpoints' is not available yet")]
    [InlineData("/objective", "[]", "/objective", "several objectives are not available yet")]
    [InlineData("/earlyStopping", "\"median\"", "/earlyStopping", "'earlyStopping' is not available yet")]
    public void What_is_wrong_is_named_by_its_pointer_with_what_was_found_and_what_is_allowed(
        string change, string value, string pointer, string message)
    {
        JsonNode file = JsonNode.Parse(Sound)!;
        string[] path = change.Split('/', StringSplitOptions.RemoveEmptyEntries);
        JsonObject at = file.AsObject();
        foreach (string name in path[..^1])
        {
            at = at[name]!.AsObject();
        }

        at[path[^1]] = JsonNode.Parse(value);

        SpecProblem problem = Assert.Single(Read(file).Problems);
        Assert.Equal(pointer, problem.Pointer);
        Assert.StartsWith(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_a_schedule_is_searched_by_annealed_over_the_range_of_its_optimizer()
    {
        JsonNode file = JsonNode.Parse(Sound)!;
        file.AsObject().Remove("schedule");
        JobSpec spec = Read(file).Spec!;
        Assert.Equal("annealed", spec.Schedule.Algorithm);
        Assert.Equal((1e-4, 1), (spec.Schedule.MinRate, spec.Schedule.MaxRate));

        file["trainer"]!["settings"]!["optimizer"] = "adamw";
        Assert.Equal((1e-5, 3e-2), (Read(file).Spec!.Schedule.MinRate, Read(file).Spec!.Schedule.MaxRate));

        // Text is trained with adamw where nothing else is said.
        file["trainer"]!["settings"]!.AsObject().Remove("optimizer");
        file["trainer"]!["workload"] = "language-model";
        Assert.Equal((1e-5, 3e-2), (Read(file).Spec!.Schedule.MinRate, Read(file).Spec!.Schedule.MaxRate));
    }

    [Theory]
    [InlineData("\"grid\"", 5, null, 5)]
    [InlineData("\"sobol\"", 5, null, 5)]
    [InlineData("\"grid\"", null, "[0.1, 0.2]", 2)]
    [InlineData("{ \"name\": \"halving\" }", null, null, 9)]
    [InlineData("{ \"name\": \"halving\", \"settings\": { \"rungs\": [[4, \"1/10\"], [1, 1]] } }", null, null, 4)]
    public void A_fixed_schedule_is_tried_at_several_peaks(string algorithm, int? trials, string? values, int count)
    {
        JsonNode file = JsonNode.Parse(Sound)!;
        file["schedule"] = JsonNode.Parse("""{ "algorithm": "fixed", "settings": { "kind": "cosine" } }""");
        file["algorithm"] = JsonNode.Parse(algorithm);
        file["parameters"] = JsonNode.Parse(values is null
            ? """[{ "name": "schedule.peak", "type": "double", "min": 0.01, "max": 1 }]"""
            : $$"""[{ "name": "schedule.peak", "type": "discrete", "values": {{values}} }]""");
        if (trials is not null)
        {
            file["maxTrialCount"] = trials;
        }

        JobSpecReading reading = Read(file);
        Assert.Empty(reading.Problems);
        Assert.Equal(count, reading.Spec!.Peaks!.Rungs[0].Count);
        Assert.Equal(1, reading.Spec.Peaks.Rungs[^1].Fraction);
    }

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once()
    {
        JsonNode file = JsonNode.Parse(Sound)!;
        file["steps"] = 0;
        file["seed"] = "abc";
        file["colour"] = "blue";

        JobSpecReading reading = Read(file);

        Assert.Null(reading.Spec);
        Assert.Equal(["/colour", "/seed", "/steps"], reading.Problems.Select(problem => problem.Pointer).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("{}")]
    public void What_is_no_job_at_all_is_refused_without_an_exception(string text)
    {
        JobSpecReading reading = Read(JsonNode.Parse(text));

        Assert.Null(reading.Spec);
        Assert.NotEmpty(reading.Problems);
    }

    private static JobSpecReading Read(JsonNode? file) => JobSpecReader.Read(JsonSerializer.SerializeToElement(file));
}
