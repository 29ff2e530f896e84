using System.Text.Json;
using Orchestrator.Benchmarks.OnTheClock;
using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.EndToEnd.Tests.OnTheClock;

/// <summary>What the comparison makes of results: ratios on the same seeds, simulated slots, and whether claims hold.</summary>
public sealed class ReckoningTests
{
    [Fact]
    public void A_ratio_is_the_geometric_mean_over_seeds_with_its_interval()
    {
        PairedRatio ratio = PairedRatio.Of([(0.9, 1), (2, 2), (0.3, 0.3)])!;
        double log = Math.Log(0.9) / 3;
        double half = 2.919986 * Math.Abs(Math.Log(0.9)) / 3; // t of 2 degrees at 95 %; the logs' deviation is |log 0.9| / √3
        Assert.Equal(3, ratio.Seeds);
        Assert.Equal(Math.Exp(log) - 1, ratio.Mean, 9);
        Assert.Equal(Math.Exp(log - half) - 1, ratio.Low, 5);
        Assert.Equal(Math.Exp(log + half) - 1, ratio.High, 5);
        Assert.Null(PairedRatio.Of([]));
        Assert.True(double.IsNaN(PairedRatio.Of([(1, 2)])!.Low));
    }

    [Fact]
    public void A_path_on_many_slots_is_as_long_as_what_waits_for_what()
    {
        RecordedJob job = Record();
        Assert.Equal((30 + 600) / 600.0, job.CriticalPath(8), 9);
        Assert.Equal((30 + 30 + 600) / 600.0, job.CriticalPath(1), 9);
    }

    [Fact]
    public void A_wall_clock_counts_the_seconds_of_each_segment_its_overhead_and_the_evaluation_at_the_end()
    {
        RecordedJob job = Record();
        double path = (20 * 3.1) + 2.1;
        Assert.Equal(5.1 + path, job.Seconds(8, overhead: 0.1), 9);

        // It is measured on the slots that the job was run on: on one, the second probe waits.
        Assert.Equal(0.1, job.Overhead(8, wall: 5.1 + path), 6);
        Assert.Equal(0.1, job.Overhead(1, wall: 4.1 + 5.1 + path), 6);
    }

    [Fact]
    public void A_plain_training_has_a_trainer_opened_too()
    {
        RecordedJob job = Record();
        double path = (20 * 3.1) + 2.1;
        double opening = 4 - (30 * 0.1); // what the first segment took beyond its 30 steps
        Assert.Equal((5.1 + path) / (opening + path), job.OverPlain(8, overhead: 0.1), 9);
        Assert.Equal((4.1 + 5.1 + path) / (opening + path), job.OverPlain(1, overhead: 0.1), 9);
    }

    [Fact]
    public void A_claim_holds_or_not_and_what_failed_says_why()
    {
        ClockRun[] runs =
        [
            Run("mlp", "annealed", 1, 0.27, search: 500), Run("mlp", "annealed", 2, 0.28, search: 700),
            Run("mlp", "cosine-grid", 1, 0.28, search: 8000), Run("mlp", "cosine-grid", 2, 0.29, search: 8000),
            Run("mlp", "halving", 1, 0.27, search: 600), Run("mlp", "halving", 2, null, search: 600),
            new(new ClockJob("mlp", "autolrs", 2000, "", default), 1, 1, null, "no slot for it", null),
        ];
        string text = ClockReport.Render(runs);
        string Row(params string[] words) => Assert.Single(text.Split('\n'), line => words.All(word => line.Contains(word, StringComparison.Ordinal)));
        Assert.Contains("| 1.35     | **no** |", Row("annealed", "total steps over a training"));
        Assert.Contains("| -3.5 %   | yes    |", Row("| mlp      | annealed ", "that of cosine-grid, same seeds"));
        Assert.Contains("0.0 %", Row("that of halving, same seeds"));
        Assert.Contains("1.30 (1.35)", Row("| annealed ", "0.2750"));
        Assert.Contains("1 of 2", Row("| halving ", "0.2700"));
        Assert.Contains("seed 2: it diverged", text);
        Assert.Contains("mlp/autolrs, seed 1: no slot for it", text);
    }

    /// <summary>Two probes of 30 steps at once; when both were observed a path of 600 whose segments of 30 steps take 3 s.</summary>
    private static RecordedJob Record()
    {
        JsonElement spec = ClockJob.Read(true, ["quick-quadratic/annealed-8"]).Single().Root;
        var events = new List<JobEventView>();
        void Add(string type, object payload) => events.Add(new JobEventView(events.Count + 1, type, JsonSerializer.SerializeToElement(payload, WireJson.Options)));
        void Plan(int number, long steps, StretchRole role) => Add("search_decided", new
        {
            decision = (SearchDecision)new PlanStretch(new Stretch(
                number, null, 0, steps, [new RateRun(steps, 0.1, 0.1)], 0, role, null, 0, false, true, 0, "")),
        });
        void Finish(int segment, long steps, double seconds) => Add("segment_finished", new { segment, steps, trainerSeconds = seconds });
        void Observe(int stretch) => Add("stretch_observed", new { observation = new { stretch } });
        Add("job_submitted", new { spec });
        Plan(0, 30, StretchRole.Probe);
        Plan(1, 30, StretchRole.Probe);
        Finish(1, 30, 5);
        Finish(0, 30, 4);
        Observe(0);
        Observe(1);
        Plan(2, 600, StretchRole.Path);
        for (int segment = 2; segment < 22; segment++)
        {
            Finish(segment, 30, 3);
        }

        Observe(2);
        Finish(22, 0, 1);
        Finish(23, 0, 2);
        return new RecordedJob(events);
    }

    private static ClockRun Run(string workload, string method, long seed, double? loss, long search)
    {
        var result = new JobResult
        {
            Job = "j",
            Name = method,
            Status = loss is null ? JobStatus.Failed : JobStatus.Succeeded,
            Reproducible = true,
            Objective = new ObjectiveResult("validation_loss", "minimize", loss, 2000, 0),
            Metrics = loss is { } value ? new Dictionary<string, double> { ["validation_loss"] = value } : [],
            Schedule = new ScheduleResult([]),
            Steps = new StepCounts(Training: 2000, Search: search),
            Stages = [],
            Trials = new TrialsResult(1, []),
            Seconds = new SecondsResult(10, 9),
            Seed = seed,
            Version = "1",
        };
        return new ClockRun(new ClockJob(workload, method, 2000, "", default), seed, 1, result, loss is null ? "it diverged" : null, null);
    }
}
