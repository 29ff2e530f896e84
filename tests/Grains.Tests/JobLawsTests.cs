using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Storage;
using Orchestrator.Grains.Tests.Driving;

namespace Orchestrator.Grains.Tests;

/// <summary>
/// What holds of every job, whatever is done to it. Segments are really trained; the order of results, repetitions,
/// losses, failures, stops, lost checkpoints and crashes are chosen by a seeded adversary.
/// </summary>
public sealed class JobLawsTests
{
    /// <summary>ORCHESTRATOR_TEST_EFFORT: how many times as many jobs as usual.</summary>
    private static readonly int Effort = int.TryParse(Environment.GetEnvironmentVariable("ORCHESTRATOR_TEST_EFFORT"), out int effort) ? effort : 1;

    private static readonly Gen<(Variant Variant, int Seed)> Cases = Gen.Select(Variants.Any, Gen.Int[0, int.MaxValue - 1]);

    [Fact]
    public void The_result_is_the_same_whatever_happens() => Sample(60, Mischief.All, (variant, job, _) => Assert.Equal(Undisturbed(variant), Outcome(job)));

    [Theory]
    [InlineData(nameof(Mischief.None))]
    [InlineData(nameof(Mischief.Repeat))]
    [InlineData(nameof(Mischief.Lose))]
    [InlineData(nameof(Mischief.Fail))]
    [InlineData(nameof(Mischief.Stop))]
    [InlineData(nameof(Mischief.Damage))]
    [InlineData(nameof(Mischief.Crash))]
    public void The_result_is_the_same_under_each_mischief_alone(string kind) =>
        Sample(8, Enum.Parse<Mischief>(kind), (variant, job, _) => Assert.Equal(Undisturbed(variant), Outcome(job)));

    [Fact]
    public void The_stored_events_alone_give_the_state_and_no_search_is_asked() => Sample(12, Mischief.All, (_, job, _) =>
        Assert.Equal(job.Snapshot(), JobSnapshot.Save(job.Replay(), job.Transitions.Search)));

    [Fact]
    public void A_snapshot_and_the_events_after_it_give_the_same_as_all_events() => Sample(12, Mischief.All, (_, job, adversary) =>
        Assert.All(adversary.Snapshots, snapshot => Assert.Equal(job.Snapshot(), JobSnapshot.Save(job.Replay(snapshot), job.Transitions.Search))));

    [Fact]
    public void After_the_end_nothing_is_open_and_nothing_more_is_stored() => Sample(12, Mischief.All, (_, job, _) =>
    {
        Assert.Equal("job_ended", job.Events[^1].Type);
        Assert.Empty(job.State.Open);
        Assert.DoesNotContain(job.Rows.Values, row => row.State is SegmentState.Planned or SegmentState.Waiting or SegmentState.Held);
    });

    [Fact]
    public void Steps_of_training_are_those_of_the_schedule() => Sample(20, Mischief.All, (_, job, _) =>
    {
        if (job.State.Status == JobStatus.Succeeded)
        {
            JobResult result = job.Result();
            Assert.Equal(result.Steps.Training, result.Schedule.Runs.Sum(run => run.Steps));
            Assert.Equal(result.Objective.Step, result.Steps.Training);
        }
    });

    [Fact]
    public void The_model_was_trained_at_the_rates_of_the_schedule() => Sample(20, Mischief.All, (_, job, _) =>
    {
        if (job.State.Status == JobStatus.Succeeded)
        {
            double[] planned = [.. job.State.Schedule.SelectMany(run => new RatePlan([new RateRun(run.Steps, run.From, run.To)]).Expand(run.Steps))];
            SeriesPoint[] path = [.. job.Path()];
            Assert.Equal(Enumerable.Range(0, path.Length).Select(step => (long)step), path.Select(point => point.Step));
            Assert.Equal(planned.Take(path.Length), path.Select(point => point.Rate));
        }
    });

    [Fact]
    public void No_more_is_called_lost_than_was_made_in_vain() => Sample(40, Mischief.All, (_, job, adversary) =>
        Assert.InRange(job.State.Steps.Lost, 0, adversary.Made - job.State.Steps.Training - job.State.Steps.Search));

    [Fact]
    public void Undisturbed_nothing_is_run_twice_and_nothing_is_lost() => Sample(20, Mischief.None, (_, job, adversary) =>
    {
        Assert.All(adversary.Runs.Values, runs => Assert.Equal(1, runs));
        Assert.Equal(0, job.State.Steps.Lost);
        if (job.State.EndedBy == "steps")
        {
            Assert.Equal(adversary.Made, job.State.Steps.Training + job.State.Steps.Search);
        }
    });

    [Fact]
    public void Repeated_messages_and_crashes_cost_no_step() => Sample(20, Mischief.Repeat | Mischief.Crash, (_, job, adversary) =>
    {
        Assert.All(adversary.Runs.Values, runs => Assert.Equal(1, runs));
        Assert.Equal(0, job.State.Steps.Lost);
    });

    [Fact]
    public void The_adversary_does_play_its_tricks()
    {
        int played = 0;
        for (int seed = 0; seed < 10; seed++)
        {
            var adversary = new Adversary(new DrivenJob(JobFiles.AutoLrs()), seed, Mischief.All);
            adversary.Run();
            played += adversary.Played;
        }

        Assert.True(played > 200, $"{played} tricks were played on 10 jobs.");
    }

    /// <summary>Checks a law on jobs of all kinds; what broke it is told with its seeds and its story.</summary>
    private static void Sample(int times, Mischief mischief, Action<Variant, DrivenJob, Adversary> law) => Cases.Sample(
        (variant, seed) =>
        {
            var job = new DrivenJob(variant.File());
            var adversary = new Adversary(job, seed, mischief);
            try
            {
                adversary.Run();
                law(variant, job, adversary);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{variant}, adversary {seed}:\n{string.Join('\n', adversary.Story)}\n{e.Message}", e);
            }
        },
        iter: times * Effort);

    private static string Undisturbed(Variant variant)
    {
        var job = new DrivenJob(variant.File());
        new Adversary(job, 0, Mischief.None, slots: 1).Run();
        return Outcome(job);
    }

    /// <summary>All that a disturbance must not change: the result without what it says of time and of lost work, and the losses.</summary>
    private static string Outcome(DrivenJob job)
    {
        JsonObject result = JsonSerializer.SerializeToNode(job.Result(), WireJson.Options)!.AsObject();
        result.Remove("seconds");
        result["steps"]!.AsObject().Remove("lost");
        result["losses"] = job.State.Status == JobStatus.Succeeded
            ? string.Join(' ', job.Path().Select(point => point.Loss?.ToString("R") ?? "-"))
            : null;
        return result.ToJsonString();
    }
}
