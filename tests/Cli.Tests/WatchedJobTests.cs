using System.Text.Json;
using Orchestrator.Cli.Watching;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.Tests;

public sealed class WatchedJobTests
{
    private readonly WatchedJob _job = new();

    [Fact]
    public void A_choice_and_what_it_became_are_one_line_each()
    {
        string? chosen = Take("search_decided", """
            { "decision": { "decision": "choose", "stage": 1, "kind": "stage", "start": 100, "steps": 50, "chosen": 0.1, "forecast": { "mean": 0.5, "deviation": 0.1 },
              "candidates": [ { "rate": 0.1, "outcome": "Succeeded", "forecast": { "mean": 0.5, "deviation": 0.1 } }, { "rate": 1, "outcome": "diverged" } ], "reason": "because" } }
            """);
        Assert.Equal("stage 1, steps 100–150: rate 0.1, forecast 0.5 ± 0.1, of 2 tried (1 diverged)", chosen);
        string? realised = Take("search_decided", """{ "decision": { "decision": "realise", "stage": 1, "realised": 0.45, "reason": "mean" } }""");
        Assert.Equal("stage 1 realised 0.45 (forecast 0.5 ± 0.1)", realised);
        Assert.Equal(0.45, Assert.Single(_job.Stages).Realised);
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

    private string? Take(string type, string payload) => _job.Take(new JobEventView(1, type, JsonDocument.Parse(payload).RootElement));
}
