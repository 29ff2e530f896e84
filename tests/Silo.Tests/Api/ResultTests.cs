using System.Net;
using System.Text.Json;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Api;

/// <summary>Whole jobs through the worker API, and the result of each, to the field.</summary>
public sealed class ResultTests(ServedSilo served) : ServedTest(served)
{
    /// <summary>Every field of a result and its kind, as protocol.md §3 has it. A change here is a change of the API.</summary>
    private const string Shape = """
        checkpoint string
        endedBy string
        job string
        metrics.validation_loss number
        name string
        objective.metric string
        objective.step number
        objective.trial number
        objective.type string
        objective.value number
        parameters {}
        placement.class string
        placement.data string
        placement.trainer string
        reproducible bool
        schedule.parameter string
        schedule.runs[].from number
        schedule.runs[].reason string
        schedule.runs[].start number
        schedule.runs[].steps number
        schedule.runs[].to number
        schema number
        seconds.trainer number
        seconds.wall number
        seed number
        stages[].index number
        stages[].kind string
        stages[].realised number
        stages[].reason string
        stages[].start number
        stages[].steps number
        status string
        steps.evaluation number
        steps.final number
        steps.lost number
        steps.reused number
        steps.search number
        steps.speculative number
        steps.training number
        trials.best[].state string
        trials.best[].step number
        trials.best[].trial number
        trials.best[].value number
        trials.count number
        version string
        """;

    private const string Searched = """
        stages[].candidates[].forecast.mean number
        stages[].candidates[].forecast.sd number
        stages[].candidates[].learningRate number
        stages[].candidates[].outcome string
        stages[].candidates[].probeSteps number
        stages[].candidates[].score number
        stages[].chosen number
        stages[].forecast.mean number
        stages[].forecast.sd number
        """;

    public static TheoryData<string> Algorithms { get; } = ["fixed", "autolrs", "autolrs-reference"];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public async Task A_result_has_exactly_the_fields_of_the_protocol(string algorithm)
    {
        JsonElement result = await RawAsync(algorithm);
        string[] always = Shape.Split('\n');
        string[] sometimes = algorithm == "fixed" ? ["stages[].candidates []"] : [.. Searched.Split('\n'), "stages[].candidates []"];
        string[] found = [.. JsonShape.Of(result)];
        Assert.Empty(always.Except(found));
        Assert.Empty(found.Except(always).Except(sometimes));
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public async Task A_result_accounts_for_every_step(string algorithm)
    {
        JobResult result = await ReadAsync(algorithm);
        Assert.Equal(1, result.Schema);
        Assert.Equal(JobStatus.Succeeded, result.Status);
        Assert.Equal("steps", result.EndedBy);
        Assert.True(result.Reproducible);
        long steps = (await ViewAsync(result.Job)).TotalSteps;
        Assert.Equal(steps, result.Steps.Training);
        Assert.Equal(steps, result.Schedule.Runs.Sum(run => run.Steps));
        Assert.Equal(steps, result.Stages.Sum(stage => stage.Steps));
        Assert.Equal(steps, result.Objective.Step);
        Assert.Equal(result.Objective.Value, result.Metrics["validation_loss"]);
        Assert.Equal(0, result.Steps.Lost);
        Assert.Equal(ProtocolWorker.Digest, result.Placement!.Trainer);
        Assert.Equal(ProtocolWorker.Class, result.Placement.Class);
        Assert.InRange(result.Seconds.Trainer, 0.25, 1000);
        Assert.Equal("completed", Assert.Single(result.Trials.Best).State);

        // Runs are pieces of decisions, without gaps, each with its reason.
        long at = 0;
        foreach (ScheduleRun run in result.Schedule.Runs)
        {
            Assert.Equal(at, run.Start);
            Assert.NotEmpty(run.Reason);
            at += run.Steps;
        }
    }

    [Theory]
    [InlineData("autolrs")]
    [InlineData("autolrs-reference")]
    public async Task A_search_pays_for_its_probes_and_chooses_one_of_them(string algorithm)
    {
        JobResult result = await ReadAsync(algorithm);
        long probed = result.Stages.Sum(stage => stage.Candidates.Sum(candidate => candidate.ProbeSteps));
        Assert.InRange(result.Steps.Search, 1, 10 * probed);
        Assert.True(algorithm == "autolrs" || result.Steps.Search == probed, "the published procedure throws every probe away");
        Assert.All(
            result.Stages.Where(stage => stage.Candidates.Count > 0),
            stage => Assert.Contains(stage.Chosen!.Value, stage.Candidates.Select(candidate => candidate.LearningRate)));
    }

    [Fact]
    public async Task The_result_is_the_same_with_one_slot_and_with_four()
    {
        JobResult one = await ReadAsync("autolrs");
        JobResult four = await JobRun.ToEndAsync(Silo, Pool, TestKit.Jobs.QuadraticJobs.AutoLrs(Pool), slots: 4);
        Assert.Equal(Essence.Of(one), Essence.Of(four));
    }

    private async Task<JsonElement> RawAsync(string algorithm) =>
        await Http.GetAsync($"/v1/jobs/{await Served.FinishedAsync(algorithm)}/result", Ct).OkAsync(HttpStatusCode.OK);

    private async Task<JobResult> ReadAsync(string algorithm) =>
        await Silo.Api.ResultAsync(await Served.FinishedAsync(algorithm), Ct);
}
