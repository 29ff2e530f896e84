using System.Text.Json.Nodes;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Storage;
using Orchestrator.Grains.Tests.Driving;
using Orchestrator.TestKit.Training;

namespace Orchestrator.Grains.Tests.Jobs;

/// <summary>How a job ends: by its steps, its goal, its budget, or badly.</summary>
public sealed class EndTests
{
    [Fact]
    public void At_the_end_the_model_is_validated_and_tested_once_and_that_enters_no_ratio()
    {
        var hand = new ByHand(JobFiles.Fixed(steps: 20));
        hand.RunToEnd();
        JobResult result = hand.Job.Result();
        Assert.Equal((JobStatus.Succeeded, "steps"), (result.Status, result.EndedBy));
        Assert.Equal(["test_loss", "validation_loss"], result.Metrics.Keys);
        Assert.Equal((20L, 0L, (long)Math.Round(200 / 24.0)), (result.Steps.Training, result.Steps.Evaluation, result.Steps.Final));
        Assert.Equal(result.Metrics["validation_loss"], result.Objective.Value);
        Assert.StartsWith("sha256:", result.Checkpoint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_race_whose_fork_is_the_model_ends_with_the_fork_and_its_schedule_alone_gives_the_same_model()
    {
        const int End = 397 + 24;
        var hand = new ByHand(JobFiles.Race());
        EndWith(hand, 9);
        JobResult result = hand.Job.Result();
        Assert.Equal((JobStatus.Succeeded, "steps", (long)End), (result.Status, result.EndedBy, result.Objective.Step!.Value));
        Assert.Equal((End, End), (result.Steps.Training, result.Schedule.Runs.Sum(run => run.Steps)));
        Assert.Equal("end", result.Stages[^1].Kind);
        JobView view = JobViews.Job(DrivenJob.Id, hand.Job.Spec, hand.State, 0);
        Assert.Equal(End, view.Step);
        Assert.InRange(view.LearningRate!.Value, 0, 0.05 * result.Schedule.Runs.Max(run => run.From));
        Assert.InRange(result.Metrics["validation_loss"], 0, 1);

        Replays(result);
    }

    [Fact]
    public void A_hold_that_ends_before_its_most_cuts_the_schedule_there_and_that_alone_gives_the_same_model()
    {
        var hand = new ByHand(JobFiles.Annealed());
        hand.RunToEnd();
        JobResult result = hand.Job.Result();
        StageResult decay = result.Stages[^1];
        Assert.Equal(("decay", 610), (decay.Kind, decay.Start + decay.Steps));
        Assert.InRange(decay.Start, 122, 396);
        ScheduleRun[] runs = [.. result.Schedule.Runs];
        Assert.Equal((decay.Start, decay.Steps, decay.Chosen!.Value, 0.0), (runs[^1].Start, runs[^1].Steps, runs[^1].From, runs[^1].To));
        Assert.Equal((decay.Start, decay.Chosen.Value), (runs[^2].Start + runs[^2].Steps, runs[^2].To));
        Assert.Equal(610, runs.Sum(run => run.Steps));
        Replays(result);
    }

    [Fact]
    public void A_decay_that_diverges_is_no_stage_of_the_path_that_replaces_it()
    {
        var hand = new ByHand(JobFiles.Annealed());
        hand.RunUntil(() => hand.State.Stages.Any(stage => stage.Kind == "decay"));
        StageResult decay = hand.State.Stages[^1];
        hand.Tell(hand.Next, TrainedSegment.Diverged(1, decay.Start + 1));
        hand.RunToEnd();
        JobResult result = hand.Job.Result();
        Assert.Equal(["rung", "rung", "rung", "path"], result.Stages.Select(stage => stage.Kind));
        Assert.Equal(decay.Chosen / 2, result.Stages[^1].Chosen);
        Assert.Equal(new ScheduleRun(decay.Start, decay.Steps, decay.Chosen!.Value / 2, 0, result.Stages[^1].Reason), result.Schedule.Runs[^1]);
        Replays(result);
    }

    [Fact]
    public void A_budget_that_ends_before_the_decay_gives_the_path_as_far_as_it_was_held()
    {
        var whole = new ByHand(JobFiles.Annealed());
        whole.RunToEnd();
        StageResult decay = whole.Job.Result().Stages[^1];
        var hand = new ByHand(JobFiles.Annealed().With("budget.maxSteps", whole.Job.Result().Steps.Charged - 1));
        hand.RunToEnd();
        JobResult result = hand.Job.Result();
        Assert.Equal((JobStatus.Succeeded, "budget", decay.Start), (result.Status, result.EndedBy, result.Objective.Step!.Value));
        Assert.Equal(decay.Chosen, result.Schedule.Runs[^1].To);
        Replays(result);
    }

    [Fact]
    public void After_a_race_the_path_is_validated_where_the_job_asks_for_it_and_its_fork_is_looked_at_before_a_goal_at_the_end()
    {
        var hand = new ByHand(JobFiles.Race().With("validation.every", 100).With("objective.goal", 9));
        hand.RunUntil(() => hand.State.Stages.Any(stage => stage is { Kind: "path", Candidates.Count: > 0 }));
        Assert.Null(hand.State.EndedBy);
        SegmentWork last = hand.Job.Work(hand.Next);
        Assert.Equal((100L, "validation"), (last.Validate!.Every, last.Validate.Split));

        // Without the validation at step 500 or 600, which would reach the goal before the end.
        var strict = new ByHand(JobFiles.Race().With("objective.goal", 9));
        EndWith(strict, 8);
        Assert.Equal(("steps", 397L + 24), (strict.Job.Result().EndedBy, strict.Job.Result().Objective.Step!.Value));
    }

    [Fact]
    public void A_workload_without_a_test_split_is_validated_only()
    {
        var hand = new ByHand(JobFiles.Fixed(steps: 20), JobFiles.Placement with { Metrics = ["validation_loss"] });
        hand.RunToEnd();
        Assert.Equal(["validation_loss"], hand.Job.Result().Metrics.Keys);
    }

    [Fact]
    public void A_final_evaluation_that_is_not_finite_fails_the_job()
    {
        var hand = new ByHand(JobFiles.Fixed(steps: 20));
        hand.RunUntil(() => hand.State.FinalStep is not null);
        hand.Tell(hand.Next, TrainedSegment.Diverged(0, 20));
        Assert.Equal((JobStatus.Failed, "diverged"), (hand.State.Status, hand.State.Reason!.Code));
    }

    [Fact]
    public void A_goal_reached_at_a_full_validation_ends_the_job_with_that_segment()
    {
        JsonObject file = JobFiles.Fixed(steps: 40).With("segmentSteps", 10).With("validation.every", 5);
        (file, long step) = GoalAtSecond(file);
        var hand = new ByHand(file);
        hand.RunToEnd();
        JobResult result = hand.Job.Result();
        Assert.Equal((JobStatus.Succeeded, "goal"), (result.Status, result.EndedBy));
        Assert.Equal((10L, 10L), (result.Steps.Training, result.Objective.Step!.Value));
        Assert.Contains($"\"step\":{step},", hand.Job.Events.Single(e => e.Type == "goal_reached").Payload, StringComparison.Ordinal);
        Assert.Equal(10, result.Schedule.Runs.Sum(run => run.Steps));
    }

    [Fact]
    public void A_goal_is_the_same_where_a_stop_came_right_after_it_was_reached()
    {
        JsonObject file = JobFiles.Fixed(steps: 40).With("segmentSteps", 10).With("validation.every", 5);
        (file, long step) = GoalAtSecond(file);
        var hand = new ByHand(file.With("segmentSteps", 20));
        hand.Finish(0, stopAfter: step + 1);
        Assert.Null(hand.State.EndedBy);
        hand.RunToEnd();
        Assert.Equal(("goal", 20L), (hand.State.EndedBy, hand.State.FinalStep));
        Assert.Contains($"\"step\":{step},", hand.Job.Events.Single(e => e.Type == "goal_reached").Payload, StringComparison.Ordinal);
    }

    [Fact]
    public void A_goal_reached_before_a_stop_is_no_goal_when_the_segment_diverges_after_it()
    {
        JsonObject file = JobFiles.Fixed(steps: 40).With("segmentSteps", 20).With("validation.every", 5).With("objective.goal", 1000.0);
        var stopped = new ByHand(file);
        stopped.Finish(0, stopAfter: 7);
        stopped.Tell(stopped.Next, TrainedSegment.Diverged(1, 8));
        var undisturbed = new ByHand(file);
        undisturbed.Tell(0, TrainedSegment.Diverged(8, 8));
        Assert.Equal(undisturbed.State.Status, stopped.State.Status);
        Assert.Equal(undisturbed.State.Steps, stopped.State.Steps);
    }

    [Fact]
    public void A_goal_for_what_is_to_be_large_is_reached_from_below()
    {
        JsonObject file = JobFiles.Fixed(steps: 20).With("segmentSteps", 10).With("validation.every", 5).With("objective.type", "maximize");
        var hand = new ByHand(file.With("objective.goal", 1e9));
        hand.RunToEnd();
        Assert.Equal("steps", hand.State.EndedBy);
        hand = new ByHand(file.With("objective.goal", 1e-9));
        hand.RunToEnd();
        Assert.Equal(("goal", 10L), (hand.State.EndedBy, hand.State.FinalStep));
    }

    [Fact]
    public void A_validation_on_some_of_the_samples_reaches_no_goal()
    {
        var hand = new ByHand(JobFiles.Fixed(steps: 20).With("segmentSteps", 10).With("validation.every", 5).With("validation.samples", 10).With("objective.goal", 1000.0));
        hand.RunToEnd();
        Assert.Equal("steps", hand.State.EndedBy);
    }

    [Fact]
    public void A_probe_reaches_no_goal()
    {
        var hand = new ByHand(JobFiles.AutoLrs().With("schedule.settings.signal", "validation").With("objective.goal", 1000.0));
        hand.RunToEnd();
        Assert.Equal("steps", hand.State.EndedBy);
    }

    [Fact]
    public void A_budget_of_steps_ends_the_job_before_it_would_be_exceeded_with_the_path_so_far()
    {
        var hand = new ByHand(JobFiles.AutoLrs().With("budget.maxSteps", 80));
        hand.RunToEnd();
        JobResult result = hand.Job.Result();
        Assert.Equal((JobStatus.Succeeded, "budget"), (result.Status, result.EndedBy));
        Assert.InRange(result.Steps.Training + result.Steps.Search + result.Steps.Evaluation, 1, 80);
        Assert.InRange(result.Steps.Training, 20, 59);
        Assert.Equal(result.Steps.Training, result.Objective.Step);
    }

    [Theory]
    [InlineData(29, "budget")]
    [InlineData(30, null)]
    public void A_budget_is_counted_in_planned_order_whatever_has_arrived(int budget, string? ended)
    {
        // The short one is observed first, and causes another of five steps. The long one is twenty by then, whether it is
        // under way, or has arrived and has made two.
        foreach (bool arrived in (bool[])[false, true])
        {
            var hand = new ByHand(
                JobFiles.Fixed(steps: 100).With("segmentSteps", 100).With("parallelTrialCount", 2).With("budget.maxSteps", budget),
                search: new ScriptedSearch(
                    (0, [ScriptedSearch.Stretch(0, null, 0, 20), ScriptedSearch.Stretch(1, null, 0, 5)]),
                    (1, [ScriptedSearch.Stretch(2, null, 0, 5)])));
            if (arrived)
            {
                hand.Tell(0, TrainedSegment.Diverged(2, 2));
            }

            hand.Finish(1);
            Assert.Equal(ended, hand.State.EndedBy);
        }
    }

    [Fact]
    public void A_checkpoint_that_is_made_again_is_no_charge_on_the_budget()
    {
        var hand = new ByHand(
            JobFiles.Fixed(steps: 100).With("segmentSteps", 100).With("budget.maxSteps", 40),
            search: new ScriptedSearch(
                (0, [ScriptedSearch.Stretch(0, null, 0, 10), ScriptedSearch.Stretch(1, null, 0, 10), ScriptedSearch.Stretch(2, 0, 10, 10)]),
                (2, [ScriptedSearch.Stretch(3, null, 0, 10)])));
        hand.Finish(0);
        hand.Damage(0);
        hand.Finish(1);
        Assert.Null(hand.State.EndedBy);
        Assert.Equal(4, hand.State.Stretches.Count);
    }

    [Fact]
    public void When_the_time_is_over_the_model_is_the_last_piece_of_the_path_that_was_made()
    {
        var hand = new ByHand(JobFiles.Fixed(steps: 40).With("segmentSteps", 10).With("budget.maxDuration", "10s"));
        hand.Finish(0);
        hand.Finish(1);
        TrainedSegment late = hand.Train(2);
        hand.Job.Batch([], wall: 11);
        Assert.Equal(SegmentState.Cancelled, hand[2].State);
        Assert.Equal(CompletionVerdict.Superseded, hand.Tell(2, late).Verdict);
        hand.RunToEnd();
        JobResult result = hand.Job.Result();
        Assert.Equal((JobStatus.Succeeded, "budget", 20L), (result.Status, result.EndedBy, result.Objective.Step!.Value));
        Assert.Equal((20L, 20L), (result.Steps.Training, result.Schedule.Runs.Sum(run => run.Steps)));
        Assert.False(result.Reproducible);
    }

    [Fact]
    public void When_the_time_is_over_a_path_that_has_just_diverged_is_no_part_of_the_model()
    {
        var hand = new ByHand(JobFiles.AutoLrs().With("segmentSteps", 5).With("budget.maxDuration", "10s"));
        hand.RunUntil(() => hand.State.Stages.Count == 1);
        hand.Finish(hand.Next);
        int piece = hand.Next;
        hand.Job.Batch([batch => batch.Complete(new LeasedCompletion(piece, "late", "default", "w", TrainedSegment.Diverged(2, 12).ToCompletion("late")))], wall: 11);
        hand.RunToEnd();
        JobResult result = hand.Job.Result();
        Assert.Equal(JobStatus.Succeeded, result.Status);
        Assert.Equal(result.Steps.Training, result.Schedule.Runs.Sum(run => run.Steps));
        Assert.Equal(result.Objective.Step, result.Steps.Training);
    }

    [Fact]
    public void When_the_time_is_over_a_model_whose_checkpoint_is_lost_is_made_again_first()
    {
        var hand = new ByHand(JobFiles.Fixed(steps: 40).With("segmentSteps", 10).With("budget.maxDuration", "10s"));
        hand.Finish(0);
        hand.Finish(1);
        hand.Damage(1);
        hand.Damage(0);
        hand.Job.Batch([], wall: 11);
        Assert.Equal([0], hand.Job.Planned.Select(segment => segment.Number));
        hand.RunToEnd();
        Assert.Equal((JobStatus.Succeeded, 20L), (hand.State.Status, hand.State.FinalStep!.Value));
    }

    /// <summary>An untrained model is no success.</summary>
    [Fact]
    public void A_budget_that_the_search_alone_takes_fails_the_job_and_says_what_to_raise()
    {
        var hand = new ByHand(JobFiles.AutoLrs().With("budget.maxSteps", 4));
        hand.RunToEnd();
        JobResult result = hand.Job.Result();
        Assert.Equal((JobStatus.Failed, "budget_too_small"), (result.Status, result.Error!.Code));
        Assert.Contains("budget.maxSteps", result.Error.Message, StringComparison.Ordinal);
        Assert.Null(result.Checkpoint);
    }

    [Fact]
    public void When_every_candidate_diverges_the_job_fails_and_names_the_range()
    {
        var hand = new ByHand(JobFiles.AutoLrs());
        while (!hand.State.Ended)
        {
            hand.Tell(hand.Next, TrainedSegment.Diverged(1, 1));
        }

        Assert.Equal((JobStatus.Failed, "no_stable_rate"), (hand.State.Status, hand.State.Reason!.Code));
        Assert.Contains("0.005 to 8", hand.State.Reason.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cancelled_job_has_a_result_that_says_so_and_no_model()
    {
        var hand = new ByHand(JobFiles.Fixed(steps: 40).With("segmentSteps", 10));
        hand.Finish(0);
        hand.Job.Batch([batch => batch.Add(new JobEnded(JobStatus.Cancelled, null, new JobError("cancelled", "Cancelled by somebody."), 5))]);
        JobResult result = hand.Job.Result();
        Assert.Equal((JobStatus.Cancelled, "cancelled", null, null), (result.Status, result.Error!.Code, result.EndedBy, result.Checkpoint));
        Assert.Equal((10L, 10L), (result.Steps.Training, result.Schedule.Runs.Sum(run => run.Steps)));
    }

    /// <summary>The file with a goal that its second validation reaches, and its first does not; and the step of that.</summary>
    private static (JsonObject File, long Step) GoalAtSecond(JsonObject file)
    {
        IReadOnlyList<Contracts.Trainers.ValidationResult> made = new ByHand(file.With("segmentSteps", 20)).Train(0).Validations;
        double[] losses = [.. made.Select(validation => validation.Metrics["validation_loss"])];
        string type = losses[1] < losses[0] ? "minimize" : "maximize";
        return (file.With("objective.type", type).With("objective.goal", losses[1]), made[1].Step);
    }

    /// <summary>That the schedule of a result, without the search, gives its model and metrics.</summary>
    private static void Replays(JobResult result)
    {
        JsonObject file = JobFiles.Fixed(steps: (int)result.Steps.Training, kind: "runs");
        file["schedule"]!["settings"] = new JsonObject
        {
            ["kind"] = "runs",
            ["runs"] = new JsonArray([.. result.Schedule.Runs.Select(run => new JsonArray(run.Steps, run.From, run.To))]),
        };
        var replay = new ByHand(file);
        replay.RunToEnd();
        Assert.Equal(result.Checkpoint, replay.Job.Result().Checkpoint);
        Assert.Equal(result.Metrics, replay.Job.Result().Metrics);
    }

    /// <summary>Runs a job to its end; trained to the last step, the loss is this.</summary>
    private static void EndWith(ByHand hand, double loss)
    {
        while (!hand.State.Ended)
        {
            SegmentWork work = hand.Job.Work(hand.Next);
            TrainedSegment made = hand.Train(hand.Next);
            hand.Tell(hand.Next, work.Steps > 0 && work.Start + work.Steps == hand.Job.Spec.Steps
                ? made with { Validations = [new ValidationResult(work.Start + work.Steps, new Dictionary<string, double> { ["validation_loss"] = loss }, Samples: 100)] }
                : made);
        }
    }
}
