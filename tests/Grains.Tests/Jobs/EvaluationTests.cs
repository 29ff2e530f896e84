using CsCheck;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Storage;
using Orchestrator.Grains.Tests.Driving;
using Orchestrator.TestKit.Training;

namespace Orchestrator.Grains.Tests.Jobs;

/// <summary>What validations cost: forward samples ÷ (3 × batch size) steps, summed exactly and rounded once.</summary>
public sealed class EvaluationTests
{
    [Fact]
    public void A_probe_over_eight_batches_costs_eight_thirds_of_a_step_and_the_sum_is_rounded_once()
    {
        // One validation a probe: 64 samples at batch 8. Three of them are 8 steps, and not 3 × 3.
        var hand = new ByHand(JobFiles.AutoLrs(probe: 5, candidates: 3).With("segmentSteps", 20).With("schedule.range.max", 1.0).With("schedule.settings.signal", "validation"));
        long validations = 0;
        foreach (int segment in (int[])[0, 1, 2])
        {
            TrainedSegment made = hand.Train(segment);
            validations += made.Validations.Count;
            hand.Tell(segment, made);
        }

        Assert.Equal((long)Math.Round(validations * 8 / 3.0), hand.State.Steps.Evaluation);
    }

    [Fact]
    public void The_purse_is_the_same_in_every_order_of_arrival() => Gen.Shuffle(new int[] { 0, 1, 2, 3 }).Sample(
        order =>
        {
            var hand = new ByHand(JobFiles.AutoLrs(probe: 6).With("segmentSteps", 20).With("schedule.settings.signal", "validation"));
            foreach (int segment in order)
            {
                hand.Finish(segment);
            }

            Assert.Equal(Inverse(), hand.State.Steps.Evaluation);
        },
        iter: 10);

    [Fact]
    public void Without_a_batch_size_nothing_is_counted() =>
        Assert.Equal(0, Evaluations.Steps(Spec(withBatch: false), JobFiles.Placement with { BatchSize = 0 }, 1000));

    [Fact]
    public void The_batch_size_is_the_jobs_or_else_the_workloads_default()
    {
        Assert.Equal(100, Evaluations.Steps(Spec(withBatch: true), JobFiles.Placement with { BatchSize = 1 }, 100 * 3 * 8));
        Assert.Equal(100, Evaluations.Steps(Spec(withBatch: false), JobFiles.Placement with { BatchSize = 2 }, 100 * 3 * 2));
    }

    [Fact]
    public void A_segment_that_diverges_after_a_stop_counts_no_validation_as_one_that_was_not_stopped()
    {
        var stopped = new ByHand(JobFiles.Fixed(steps: 40).With("segmentSteps", 20).With("validation.every", 2));
        stopped.Finish(0, stopAfter: 5);
        Assert.True(stopped.State.Steps.Evaluation > 0);
        stopped.Tell(stopped.State.Stretches[0].Pieces[1], TrainedSegment.Diverged(1, 6));
        Assert.Equal(0, stopped.State.Steps.Evaluation);
    }

    [Fact]
    public void Validations_that_the_user_asked_for_are_counted_and_do_not_change_the_training()
    {
        var plain = new ByHand(JobFiles.Fixed(steps: 20));
        plain.RunToEnd();
        var validated = new ByHand(JobFiles.Fixed(steps: 20).With("validation.every", 5));
        validated.RunToEnd();
        Assert.Equal((long)Math.Round(4 * QuadraticTrainer.FullSamples / 24.0), validated.State.Steps.Evaluation);
        Assert.Equal(plain.Job.Result().Checkpoint, validated.Job.Result().Checkpoint);
    }

    private static long Inverse()
    {
        var hand = new ByHand(JobFiles.AutoLrs(probe: 6).With("segmentSteps", 20).With("schedule.settings.signal", "validation"));
        foreach (int segment in (int[])[3, 2, 1, 0])
        {
            hand.Finish(segment);
        }

        return hand.State.Steps.Evaluation;
    }

    private static JobSpec Spec(bool withBatch)
    {
        var file = JobFiles.Fixed(steps: 20);
        if (!withBatch)
        {
            file["trainer"]!["settings"]!.AsObject().Remove("batchSize");
        }

        return JobFiles.Read(file);
    }
}
