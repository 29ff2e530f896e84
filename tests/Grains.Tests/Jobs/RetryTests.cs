using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Storage;
using Orchestrator.Grains.Tests.Driving;
using Orchestrator.TestKit.Training;

namespace Orchestrator.Grains.Tests.Jobs;

/// <summary>How often a segment is offered again, and when it is given up.</summary>
public sealed class RetryTests
{
    private readonly ByHand _hand = new(JobFiles.Fixed(steps: 20).With("segmentSteps", 10));

    [Fact]
    public void A_failed_segment_is_offered_twice_more_and_then_fails_the_job()
    {
        for (int failures = 1; failures <= 2; failures++)
        {
            Fail(kind: "crashed", steps: 3);
            Assert.Equal((SegmentState.Planned, failures), (_hand[0].State, _hand[0].Failures));
        }

        Fail(kind: "crashed", steps: 3);
        Assert.Equal((SegmentState.Failed, JobStatus.Failed), (_hand[0].State, _hand.State.Status));
        Assert.Equal("Segment 0 (steps 0 to 10) failed for good: crashed, for a test", _hand.State.Reason!.Message);
        Assert.Equal(9, _hand.State.Steps.Lost);
        Assert.Equal(SegmentState.Cancelled, _hand[1].State);
    }

    [Fact]
    public void The_same_failure_told_three_times_is_one()
    {
        for (int i = 0; i < 3; i++)
        {
            Fail("crashed", steps: 3, lease: "a");
        }

        Assert.Equal((SegmentState.Planned, 1, 3L), (_hand[0].State, _hand[0].Failures, _hand.State.Steps.Lost));
    }

    [Fact]
    public void A_failure_told_again_while_the_next_lease_runs_changes_nothing()
    {
        Fail("crashed", steps: 3, lease: "a");
        TrainedSegment second = _hand.Train(0);
        Assert.Equal(CompletionVerdict.Retry, Fail("crashed", steps: 3, lease: "a").Verdict);
        Assert.Equal(CompletionVerdict.Accepted, _hand.Tell(0, second, "b").Verdict);
    }

    [Fact]
    public void Bad_input_is_not_tried_again()
    {
        Fail("bad_input", steps: 0);
        Assert.Equal((JobStatus.Failed, 1), (_hand.State.Status, _hand[0].Failures));
    }

    [Fact]
    public void A_fault_of_the_worker_is_never_the_segments()
    {
        for (int i = 0; i < 10; i++)
        {
            Fail("spawn", steps: 0, workerFault: true);
        }

        Assert.Equal((SegmentState.Planned, 0, JobStatus.Running), (_hand[0].State, _hand[0].Failures, _hand.State.Status));
    }

    [Fact]
    public void The_third_loss_in_a_row_is_for_good()
    {
        _hand.Lose(0, "a");
        _hand.Lose(0, "b");
        Assert.Equal(SegmentState.Planned, _hand[0].State);
        _hand.Lose(0, "c");
        Assert.Equal((SegmentState.Failed, JobStatus.Failed), (_hand[0].State, _hand.State.Status));
        Assert.Contains("lost 3 times in a row: it seems to kill its worker", _hand.State.Reason!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Losses_with_workers_that_drained_are_never_the_segments_and_their_result_may_still_come()
    {
        TrainedSegment result = _hand.Train(0);
        for (int i = 0; i < 10; i++)
        {
            _hand.Lose(0, $"drained-{i}", steps: 2, drained: true);
        }

        Assert.Equal((SegmentState.Planned, 0, 20L), (_hand[0].State, _hand[0].Losses, _hand.State.Steps.Lost));
        Assert.Equal(CompletionVerdict.Accepted, _hand.Tell(0, result, lease: "drained-4").Verdict);
        Assert.Equal(18, _hand.State.Steps.Lost);
    }

    [Fact]
    public void One_lease_is_lost_once_however_often_that_is_told()
    {
        for (int i = 0; i < 5; i++)
        {
            _hand.Lose(0, "a", steps: 2);
        }

        Assert.Equal((SegmentState.Planned, 1, 2L), (_hand[0].State, _hand[0].Losses, _hand.State.Steps.Lost));
    }

    [Fact]
    public void A_failure_between_losses_ends_their_row_since_the_worker_lived_to_tell_it()
    {
        _hand.Lose(0, "a");
        _hand.Lose(0, "b");
        Fail("crashed", steps: 1);
        _hand.Lose(0, "c");
        _hand.Lose(0, "d");
        Assert.Equal((SegmentState.Planned, 2), (_hand[0].State, _hand[0].Losses));
    }

    [Fact]
    public void A_lease_that_was_given_back_before_it_ran_says_nothing_of_the_row()
    {
        _hand.Lose(0, "a");
        _hand.Lose(0, "b");
        _hand.Tell(0, TrainedSegment.Released(0));
        Fail("spawn", steps: 0, workerFault: true);
        _hand.Lose(0, "c");
        Assert.Equal(SegmentState.Failed, _hand[0].State);
    }

    [Fact]
    public void A_lease_that_told_its_end_is_not_lost_afterwards()
    {
        Fail("crashed", steps: 3, lease: "a");
        _hand.Lose(0, "a", steps: 9);
        Assert.Equal((0, 3L), (_hand[0].Losses, _hand.State.Steps.Lost));
    }

    [Fact]
    public void A_loss_after_the_end_of_a_segment_or_a_job_is_nothing()
    {
        _hand.Finish(0);
        int events = _hand.Job.Events.Count;
        _hand.Lose(0, "z");
        Assert.Equal(events, _hand.Job.Events.Count);
        _hand.RunToEnd();
        events = _hand.Job.Events.Count;
        _hand.Lose(1, "z");
        Assert.Equal(events, _hand.Job.Events.Count);
    }

    [Fact]
    public void A_released_segment_is_offered_again_and_counts_no_failure()
    {
        _hand.Tell(0, TrainedSegment.Released(4));
        Assert.Equal((SegmentState.Planned, 0, 4L), (_hand[0].State, _hand[0].Failures, _hand.State.Steps.Lost));
    }

    [Fact]
    public void A_success_forgets_the_losses_before_it()
    {
        _hand.Lose(0, "a");
        _hand.Lose(0, "b");
        _hand.Finish(0);
        Assert.Equal(0, _hand[0].Losses);
    }

    private CompletionReceipt Fail(string kind, long steps, string? lease = null, bool workerFault = false) =>
        _hand.Tell(0, TrainedSegment.Failed(steps, kind, workerFault), lease);
}
