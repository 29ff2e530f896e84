using System.Text.Json;
using System.Text.RegularExpressions;
using Orchestrator.Cli.Watching;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.Tests;

public sealed class WatchedJobTests
{
    private readonly WatchedJob _job = new();

    [Fact]
    public void A_choice_and_why_it_was_made_and_what_it_became_are_told()
    {
        string? chosen = Take("search_decided", """
            { "decision": { "decision": "choose", "stage": 1, "kind": "stage", "start": 100, "steps": 50, "chosen": 0.1, "forecast": { "mean": 0.5, "deviation": 0.1 },
              "candidates": [ { "rate": 0.1, "outcome": "Succeeded", "forecast": { "mean": 0.5, "deviation": 0.1 } }, { "rate": 1, "outcome": "diverged" } ], "reason": "because" } }
            """);
        Assert.Equal(Lines("stage 1, steps 100–150: rate 0.1, forecast 0.5 ± 0.1, of 2 tried (1 diverged)", "  why: because"), chosen);
        string? realised = Take("search_decided", """{ "decision": { "decision": "realise", "stage": 1, "realised": 0.45, "reason": "mean" } }""");
        Assert.Equal("stage 1 realised 0.45 (forecast 0.5 ± 0.1)", realised);
        Assert.Equal(0.45, Assert.Single(_job.Stages).Realised);
    }

    [Fact]
    public void Rungs_are_told_as_they_go_what_is_tried_what_it_reached_the_peak_and_the_schedule()
    {
        string[] told = [.. SimulatedJob.Annealed().Events.Select(_job.Take).OfType<string>().SelectMany(text => text.Split(Environment.NewLine))];
        Assert.Equal("rung 0: tries 1, for 12 steps each: 8 at a constant rate, 4 cooling down to 0", told[0]);
        Assert.Matches(@"^rung 0: 1 (diverged|reaches validation loss [\d.E+-]+)$", told[1]);
        foreach (int rung in (int[])[0, 1, 2])
        {
            Assert.Single(told, line => Regex.IsMatch(line, $@"^rung {rung}: best is [\d.]+, validation loss [\d.E-]+, of \d+ tried(\ \(\d+ diverged\))?; \d+ steps of search", RegexOptions.None, Limit));
        }

        int peak = Array.FindIndex(told, line => line.StartsWith("peak ", StringComparison.Ordinal));
        Assert.Matches(@"^peak [\d.]+: [\d.]+ has the lowest score", told[peak]);
        Assert.EndsWith("It is held while the training loss falls, to step 320 at least.", told[peak], StringComparison.Ordinal);
        Assert.Matches(@"^trains on from that probe \(85 steps kept\): holds [\d.]+ to step 1040 at the latest, then decays linearly to 0 at step 1600$", told[peak + 1]);
        Assert.Single(told, line => Regex.IsMatch(line, @"^decays from step \d+: At [\d.]+ the mean training loss is not seen to fall any more", RegexOptions.None, Limit));
        Assert.Contains(told, line => line.StartsWith("All 1600 steps were trained", StringComparison.Ordinal));
    }

    [Fact]
    public void A_race_is_told_with_where_it_is_judged_what_each_reached_and_who_goes_on()
    {
        string[] told = [.. SimulatedJob.Annealed(parallelism: 8, race: 1).Events.Select(_job.Take).OfType<string>().SelectMany(text => text.Split(Environment.NewLine))];
        Assert.DoesNotContain(told, line => line.StartsWith("rung 3", StringComparison.Ordinal));
        double peak = double.Parse(told.First(line => line.StartsWith("peak ", StringComparison.Ordinal)).Split(' ', ':')[1]);
        string race = Assert.Single(told, line => line.EndsWith("run to step 1040 and are cooled down to 0 over 64 steps", StringComparison.Ordinal));
        double[] rates = [.. race["race: ".Length..race.IndexOf(" run", StringComparison.Ordinal)].Split(", ").Select(double.Parse)];
        Assert.Equal([peak / 2.8, peak], rates, (a, b) => Math.Abs(a - b) < 1e-3 * peak);
        Assert.Equal(2, told.Count(line => Regex.IsMatch(line, @"^race: [\d.]+ reaches validation loss [\d.E-]+$", RegexOptions.None, Limit)));
        string[] peaks = [.. told.Where(line => line.StartsWith("peak ", StringComparison.Ordinal))];
        Assert.Contains("of 2 that raced: it goes on alone", peaks[1], StringComparison.Ordinal);
        Assert.Equal(2, told.Count(line => line.EndsWith("to step 560 at the latest, then decays linearly to 0 at step 1600", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_race_whose_fork_is_the_model_is_told_with_where_it_ends_and_why()
    {
        var job = SimulatedJob.Shortened();
        string[] told = [.. job.Events.Select(_job.Take).OfType<string>().SelectMany(text => text.Split(Environment.NewLine))];
        string end = Assert.Single(told, line => line.StartsWith("ends at step 1104: ", StringComparison.Ordinal));
        Assert.Matches(@"Its fork, cooled down at step 1104, scored [\d.]+ when the race was judged; training beyond over-fitted, to [\d.]+ at step 1600", end);
        _job.Path.Show(job.Curves);
        Assert.Equal(Enumerable.Range(0, 1104).Select(step => (long)step), _job.Path.Points.Select(point => point.Step));
    }

    [Fact]
    public void The_path_goes_through_all_probes_of_the_arm_that_was_chosen()
    {
        var job = SimulatedJob.Annealed();
        foreach (JobEventView e in job.Events)
        {
            _job.Take(e);
        }

        _job.Path.Show(job.Curves);
        Assert.Equal(Enumerable.Range(0, 1600).Select(step => (long)step), _job.Path.Points.Select(point => point.Step));
    }

    [Fact]
    public void A_wave_of_candidates_is_told_once_all_of_it_was_planned()
    {
        string[] told = [.. SimulatedJob.AutoLrs().Events.Select(_job.Take).OfType<string>().SelectMany(text => text.Split(Environment.NewLine))];
        Assert.Equal("stage 0: tries 6 rates, 0.001 to 1, for 5 steps each", told[0]);
        Assert.Matches(@"^stage 0: tries .* for 10 steps each$", told[1]);
        string[] last = [.. told[2..].TakeWhile(line => line.StartsWith("stage 0: ", StringComparison.Ordinal))];
        Assert.Matches(@"^stage 0: cools .* down to 0 over 5 steps, on forks that are thrown away$", last[0]);
        Assert.All(last[1..], line => Assert.Matches(@"^stage 0: [\d.]+ reaches validation loss [\d.]+$", line));
        Assert.Matches(@"^stage 0, steps 0–100: rate [\d.]+, forecast .* of 6 tried.*; 60 steps of search, 10 of them kept", told[2 + last.Length]);
        Assert.StartsWith("  why: ", told[3 + last.Length]);
    }

    [Fact]
    public void A_long_path_says_every_tenth_how_it_goes()
    {
        Take("job_submitted", """{ "spec": { "steps": 100 } }""");
        Assert.Null(Progress(5));
        Assert.Equal("step 12 of 100: training loss 2, rate 0.1", Progress(12));
        Assert.Null(Progress(19));
        Assert.Equal("step 20 of 100: training loss 2, rate 0.1", Progress(20));
    }

    [Fact]
    public void A_stage_is_shown_while_its_candidates_are_tried()
    {
        for (int number = 0; number < 2; number++)
        {
            Take("search_decided", $$$"""{ "decision": { "decision": "plan", "stretch": { "number": {{{number}}}, "start": 100, "role": "probe", "stage": 1 } } }""");
        }

        Take("stretch_observed", """{ "observation": { "stretch": 1 } }""");
        Assert.Equal(new ProbedStage(Index: 1, Start: 100, Observed: 1, Planned: 2), _job.Probed);
    }

    [Fact]
    public void A_segment_is_among_those_that_run_until_it_has_ended()
    {
        Take("progress", """{ "segments": [ { "segment": 3, "role": "probe", "rate": 0.1, "steps": 5, "planned": 10 }, { "segment": 4, "role": "probe", "rate": 0.2, "steps": 6, "planned": 10 } ] }""");
        Take("segment_finished", """{ "segment": 3 }""");
        Assert.Equal(["probe 0.2 6/10"], _job.Running);
    }

    [Fact]
    public void The_end_says_why()
    {
        string? line = Take("job_ended", """{ "status": "failed", "error": { "code": "x", "message": "every rate diverged" } }""");
        Assert.Equal("failed", line);
        Assert.Equal("failed: every rate diverged", _job.Ended);
    }

    [Fact]
    public void A_job_that_waits_for_room_says_so_and_when_it_goes_on()
    {
        Assert.Equal("waits: No room left.", Take("held", """{ "reason": { "code": "no_space", "message": "No room left." } }"""));
        Assert.Equal("goes on", Take("held", "{}"));
    }

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private static string Lines(params string[] lines) => string.Join(Environment.NewLine, lines);

    private string? Progress(long step) => Take("progress", $$"""
        { "segments": [ { "segment": 1, "role": "path", "rate": 0.1, "steps": 5, "planned": 100, "points": [ [ {{step}}, 0.1, 2 ] ] } ] }
        """);

    private string? Take(string type, string payload) => _job.Take(new JobEventView(1, type, JsonDocument.Parse(payload).RootElement));
}
