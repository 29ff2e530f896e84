using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Storage;
using Orchestrator.Grains.Tests.Driving;
using Orchestrator.TestKit.Training;

namespace Orchestrator.Grains.Tests.Jobs;

/// <summary>A checkpoint whose bytes are gone is made again from its parent's.</summary>
public sealed class RecomputeTests
{
    private static readonly Grains.Jobs.JobPlacement NotBitwise = JobFiles.Placement with { Bitwise = false, Class = "cuda-test" };

    [Fact]
    public void A_lost_checkpoint_is_made_again_and_its_steps_are_lost_and_not_training()
    {
        ByHand hand = WithTwoPieces();
        BlobReference first = hand[0].Checkpoint!;
        hand.Damage(0);
        Assert.Equal((SegmentState.Planned, SegmentState.Waiting), (hand[0].State, hand[1].State));
        Assert.Equal(CompletionVerdict.Accepted, hand.Finish(0).Verdict);
        Assert.Equal((SegmentState.Succeeded, SegmentState.Planned), (hand[0].State, hand[1].State));
        Assert.Equal(first, hand[0].Checkpoint);
        Assert.Equal((10L, 10L), (hand.State.Steps.Training, hand.State.Steps.Lost));
        Assert.DoesNotContain("nondeterminism_found", hand.EventsFrom(0));
    }

    [Fact]
    public void When_its_parent_is_gone_too_the_work_begins_further_back()
    {
        var hand = new ByHand(JobFiles.Fixed(steps: 40).With("segmentSteps", 10));
        hand.Finish(0);
        hand.Finish(1);
        hand.Finish(2);
        hand.Damage(2);
        hand.Damage(1);
        Assert.Equal([SegmentState.Succeeded, SegmentState.Planned, SegmentState.Waiting, SegmentState.Waiting], hand.State.Segments.Values.Select(s => s.State));
        hand.RunToEnd();
        Assert.Equal((JobStatus.Succeeded, 40L, 20L), (hand.State.Status, hand.State.Steps.Training, hand.State.Steps.Lost));
    }

    [Fact]
    public void Other_bytes_in_a_bitwise_class_fail_the_job_with_both_hashes()
    {
        ByHand hand = WithTwoPieces();
        string first = hand[0].Checkpoint!.Sha256;
        hand.Damage(0);
        TrainedSegment other = hand.Train(0) with { Checkpoint = [1, 2, 3] };
        hand.Tell(0, other);
        Assert.Equal((JobStatus.Failed, "nondeterminism_found"), (hand.State.Status, hand.State.Reason!.Code));
        Assert.Contains(first, hand.State.Reason.Message, StringComparison.Ordinal);
        Assert.Contains(other.Blob!.Sha256, hand.State.Reason.Message, StringComparison.Ordinal);
        Assert.Contains("nondeterminism_found", hand.EventsFrom(0));
    }

    [Fact]
    public void Other_bytes_in_another_class_replace_the_first_and_the_event_says_so()
    {
        ByHand hand = WithTwoPieces(NotBitwise);
        string first = hand[0].Checkpoint!.Sha256;
        hand.Damage(0);
        TrainedSegment other = hand.Train(0) with { Checkpoint = [.. Enumerable.Repeat((byte)0, 80)] };
        hand.Keep(other);
        hand.Tell(0, other);
        Assert.Equal(JobStatus.Running, hand.State.Status);
        Assert.Equal(other.Blob, hand[0].Checkpoint);
        Assert.Equal(other.Blob, hand.Job.Work(1).Parent);
        string payload = hand.Job.Events.Single(e => e.Type == "nondeterminism_found").Payload;
        Assert.Contains(first, payload, StringComparison.Ordinal);
        Assert.Contains(other.Blob!.Sha256, payload, StringComparison.Ordinal);
        hand.RunToEnd();
        Assert.Equal(JobStatus.Succeeded, hand.State.Status);
    }

    [Fact]
    public void Only_a_prefix_of_it_is_given_back_and_it_is_made_again_as_a_whole()
    {
        ByHand hand = WithTwoPieces();
        hand.Damage(0);
        hand.Finish(0, stopAfter: 6);
        Assert.Equal((SegmentState.Planned, 10L, 6L), (hand[0].State, hand[0].Steps, hand.State.Steps.Lost));
    }

    [Fact]
    public void In_a_bitwise_class_what_succeeded_once_does_not_diverge()
    {
        ByHand hand = WithTwoPieces();
        hand.Damage(0);
        hand.Tell(0, TrainedSegment.Diverged(3, 3));
        Assert.Equal((JobStatus.Failed, "nondeterminism_found"), (hand.State.Status, hand.State.Reason!.Code));
        Assert.Contains("then diverged", hand.State.Reason.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void In_another_class_it_may_and_is_tried_again_before_the_job_fails()
    {
        ByHand hand = WithTwoPieces(NotBitwise);
        hand.Damage(0);
        hand.Tell(0, TrainedSegment.Diverged(3, 3));
        hand.Tell(0, TrainedSegment.Diverged(3, 3));
        Assert.Equal((SegmentState.Planned, SegmentState.Waiting), (hand[0].State, hand[1].State));
        hand.Tell(0, TrainedSegment.Diverged(3, 3));
        Assert.Equal((JobStatus.Failed, "segment_failed"), (hand.State.Status, hand.State.Reason!.Code));
    }

    [Fact]
    public void Failures_of_its_first_run_do_not_count_against_the_second()
    {
        var hand = new ByHand(JobFiles.Fixed(steps: 20).With("segmentSteps", 10));
        hand.Tell(0, TrainedSegment.Failed(0, "crashed"));
        hand.Tell(0, TrainedSegment.Failed(0, "crashed"));
        hand.Finish(0);
        hand.Damage(0);
        hand.Tell(0, TrainedSegment.Failed(0, "crashed"));
        Assert.Equal(SegmentState.Planned, hand[0].State);
        hand.RunToEnd();
        Assert.Equal(JobStatus.Succeeded, hand.State.Status);
    }

    [Fact]
    public void The_result_of_the_first_run_told_again_does_not_stand_for_the_second()
    {
        var hand = new ByHand(JobFiles.Fixed(steps: 20).With("segmentSteps", 10));
        TrainedSegment first = hand.Train(0);
        hand.Tell(0, first, "a");
        hand.Damage(0);
        Assert.Equal(CompletionVerdict.Retry, hand.Tell(0, first, "a").Verdict);
        Assert.Equal(SegmentState.Planned, hand[0].State);
        hand.Finish(0, "b");
        Assert.Equal(CompletionVerdict.Retry, hand.Tell(0, first, "a").Verdict);
        Assert.Equal(10, hand.State.Steps.Lost);
    }

    [Fact]
    public void Candidates_wait_for_the_checkpoint_they_share()
    {
        var hand = new ByHand(JobFiles.Waves());
        hand.RunUntil(() => hand.State.Stages.Count == 1 && hand.Job.Planned.Count() == 3);
        int tip = hand[hand.Next].Parent!.Value;
        hand.Damage(tip);
        Assert.Equal([tip], hand.Job.Planned.Select(segment => segment.Number));
        hand.Finish(tip);
        Assert.Equal(3, hand.Job.Planned.Count());
    }

    [Fact]
    public void A_stretch_is_observed_only_when_all_that_is_stored_of_it_is_there_again()
    {
        // The child is planned before its parent is observed, since another stretch is due first.
        var hand = new ByHand(JobFiles.Fixed(steps: 30).With("parallelTrialCount", 2).With("segmentSteps", 30), search: new ScriptedSearch(
            (0, [ScriptedSearch.Stretch(0, null, 0, 10), ScriptedSearch.Stretch(1, null, 0, 20), ScriptedSearch.Stretch(2, 1, 20, 10)])));
        hand.Finish(1);
        hand.Damage(1);
        hand.Finish(0);
        Assert.Equal([0], hand.State.Stretches.Values.Where(stretch => stretch.Observed).Select(stretch => stretch.Plan.Number));
        hand.Finish(1);
        Assert.Equal([0, 1], hand.State.Stretches.Values.Where(stretch => stretch.Observed).Select(stretch => stretch.Plan.Number));
    }

    private static ByHand WithTwoPieces(Grains.Jobs.JobPlacement? placement = null)
    {
        var hand = new ByHand(JobFiles.Fixed(steps: 20).With("segmentSteps", 10), placement);
        hand.Finish(0);
        return hand;
    }
}
