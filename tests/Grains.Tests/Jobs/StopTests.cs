using System.Text.Json.Nodes;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Storage;
using Orchestrator.Grains.Tests.Driving;
using Orchestrator.TestKit.Training;

namespace Orchestrator.Grains.Tests.Jobs;

/// <summary>Pauses and drains: a prefix of a segment is kept, and the rest of it planned.</summary>
public sealed class StopTests
{
    private readonly ByHand _hand = new(JobFiles.Fixed(steps: 40).With("segmentSteps", 10));

    [Fact]
    public void A_prefix_ends_its_segment_and_the_rest_goes_on_from_it()
    {
        _hand.Finish(0, stopAfter: 4);
        int rest = _hand.Next;
        Assert.Equal((SegmentState.Succeeded, 4L), (_hand[0].State, _hand[0].Steps));
        Assert.Equal((4L, 6L, 4L, 0), (_hand[rest].Start, _hand[rest].Steps, _hand[rest].Position, _hand[rest].Parent!.Value));
        Assert.Equal(rest, _hand[1].Parent);
        Assert.Equal(_hand[0].Checkpoint, _hand.Job.Work(rest).Parent);
        Assert.Equal(0, _hand.State.Steps.Lost);
    }

    [Fact]
    public void A_rest_that_is_stopped_again_is_cut_again_and_what_follows_waits_for_the_last_piece()
    {
        _hand.Finish(0, stopAfter: 4);
        int second = _hand.Next;
        _hand.Finish(second, stopAfter: 3);
        int third = _hand.Next;
        Assert.Equal((7L, 3L, second), (_hand[third].Start, _hand[third].Steps, _hand[third].Parent!.Value));
        Assert.Equal(third, _hand[1].Parent);
        Assert.Equal([0, second, third, 1, 2, 3], _hand.State.Stretches[0].Pieces);
        _hand.RunToEnd();
        Assert.Equal(Enumerable.Range(0, 40).Select(step => (long)step), _hand.Job.Path().Select(point => point.Step));
    }

    [Fact]
    public void When_a_rest_diverges_all_that_was_to_follow_is_cancelled()
    {
        _hand.Finish(0, stopAfter: 4);
        _hand.Tell(_hand.Next, TrainedSegment.Diverged(2, 6));
        Assert.Equal(JobStatus.Failed, _hand.State.Status);
        Assert.Equal("diverged", _hand.State.Reason!.Code);
        Assert.All([1, 2, 3], piece => Assert.Equal(SegmentState.Cancelled, _hand[piece].State));
    }

    [Fact]
    public void When_a_rest_of_the_path_diverges_a_search_goes_on_with_the_next_lower_rate()
    {
        var hand = new ByHand(JobFiles.AutoLrs().With("segmentSteps", 5).With("schedule.range.max", 1.0));
        hand.RunUntil(() => hand.State.Stages.Count == 1);
        double? ruined = hand.State.Stages[0].Chosen;
        int piece = hand.Next;
        hand.Finish(piece, stopAfter: 2);
        hand.Tell(hand.Next, TrainedSegment.Diverged(1, hand[hand.Next].Start + 1));
        Assert.Equal(JobStatus.Running, hand.State.Status);
        Assert.True(hand.State.Stages[0].Chosen < ruined);
        hand.RunToEnd();
        Assert.Equal(JobStatus.Succeeded, hand.State.Status);
        Assert.Equal(60, hand.State.Steps.Training);
    }

    [Fact]
    public void A_prefix_of_no_steps_offers_the_segment_again()
    {
        _hand.Tell(0, new TrainedSegment(CompletionOutcome.Succeeded, 0));
        Assert.Equal((SegmentState.Planned, 10L, 0), (_hand[0].State, _hand[0].Steps, _hand[0].Failures));
    }

    [Fact]
    public void A_prefix_told_again_is_a_retry()
    {
        TrainedSegment prefix = _hand.Train(0, stopAfter: 4);
        _hand.Tell(0, prefix, "a");
        Assert.Equal(CompletionVerdict.Retry, _hand.Tell(0, prefix, "a").Verdict);
        Assert.Equal(4, _hand.State.Steps.Training);
    }

    /// <summary>A guard looks at the last losses of its segment; it fires at the same step wherever that is cut.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_stop_does_not_blind_a_guard(int stopAfter)
    {
        JsonObject file = JobFiles.AutoLrs(probe: 8).With("segmentSteps", 20).With("schedule.range.max", 8.0);
        var whole = new ByHand(file);
        whole.RunUntil(() => whole.State.Stages.Count == 1);
        var cut = new ByHand(file);
        while (cut.State.Stages.Count == 0)
        {
            cut.Finish(cut.Next, stopAfter: stopAfter);
        }

        Assert.Contains(StretchOutcome.Diverged, Ends(whole).Select(end => end.Outcome));
        Assert.Contains(cut.State.Segments.Values, segment => segment is { State: SegmentState.Diverged, Watch.Losses.IsEmpty: false });
        Assert.Equal(Ends(whole), Ends(cut));
        Assert.Equal(whole.State.Stages[0].Chosen, cut.State.Stages[0].Chosen);
        Assert.Equal(whole.State.Steps, cut.State.Steps);

        static IEnumerable<(StretchOutcome? Outcome, long Made)> Ends(ByHand hand) =>
            hand.State.Stretches.Values.Select(stretch => (stretch.Outcome, stretch.Made));
    }

    [Fact]
    public void Where_the_trainer_cannot_tell_its_guard_what_was_before_a_guarded_segment_runs_again()
    {
        var hand = new ByHand(JobFiles.AutoLrs(probe: 8).With("segmentSteps", 20), JobFiles.Placement with { CutsGuarded = false });
        hand.Finish(0, stopAfter: 3);
        Assert.Equal((SegmentState.Planned, 8L), (hand[0].State, hand[0].Steps));
        Assert.Equal((3L, 0), (hand.State.Steps.Lost, hand[0].Failures));
    }

    /// <summary>Cool-downs and the probes of the published search need no checkpoint at their end; where they are cut they do.</summary>
    [Theory]
    [InlineData("annealed")]
    [InlineData("autolrs-reference")]
    public void A_search_that_is_stopped_all_the_time_ends_as_one_that_is_not(string algorithm)
    {
        JsonObject file = (algorithm == "annealed" ? JobFiles.Annealed() : JobFiles.Reference()).With("segmentSteps", 100);
        var whole = new ByHand(file);
        whole.RunToEnd();
        var cut = new ByHand(file);
        bool saw = false;
        while (!cut.State.Ended)
        {
            int next = cut.Next;
            saw |= !cut[next].Output && cut[next].Steps > 3;
            cut.Finish(next, stopAfter: 3);
        }

        Assert.True(saw);
        Assert.Equal(JobStatus.Succeeded, cut.State.Status);
        Assert.Equal(whole.State.Steps, cut.State.Steps);
        Assert.Equal(whole.State.Stages.Select(stage => (stage.Chosen, stage.Realised)), cut.State.Stages.Select(stage => (stage.Chosen, stage.Realised)));
        Assert.Equal(whole.Job.Path().Select(point => (point.Step, point.Loss)), cut.Job.Path().Select(point => (point.Step, point.Loss)));
        Assert.Equal(whole.State.Metrics, cut.State.Metrics);
    }

    [Fact]
    public void While_a_job_is_paused_nothing_is_offered_and_what_ran_is_kept()
    {
        TrainedSegment prefix = _hand.Train(0, stopAfter: 6);
        _hand.Job.Pause();
        Assert.Equal(SegmentState.Held, _hand[0].State);
        Assert.Empty(_hand.Job.Planned);
        Assert.Equal(CompletionVerdict.Accepted, _hand.Tell(0, prefix).Verdict);
        Assert.Empty(_hand.Job.Planned);
        _hand.Job.Resume();
        Assert.Equal((6L, 4L), (_hand[_hand.Next].Start, _hand[_hand.Next].Steps));
        _hand.RunToEnd();
        Assert.Equal((JobStatus.Succeeded, 0L), (_hand.State.Status, _hand.State.Steps.Lost));
    }

    [Fact]
    public void A_segment_that_was_not_stopped_in_time_is_taken_while_the_job_is_paused()
    {
        TrainedSegment whole = _hand.Train(0);
        _hand.Job.Pause();
        _hand.Tell(0, whole);
        Assert.Equal((SegmentState.Succeeded, SegmentState.Held), (_hand[0].State, _hand[1].State));
    }

    [Fact]
    public void A_checkpoint_that_is_lost_while_the_job_is_paused_is_not_made_again_before_it_goes_on()
    {
        _hand.Finish(0);
        _hand.Job.Pause();
        _hand.Damage(0);
        Assert.Equal((SegmentState.Held, SegmentState.Waiting), (_hand[0].State, _hand[1].State));
        _hand.Job.Resume();
        Assert.Equal((SegmentState.Planned, SegmentState.Waiting), (_hand[0].State, _hand[1].State));
    }

    [Fact]
    public void Paused_time_is_not_time_the_job_ran()
    {
        var hand = new ByHand(JobFiles.Fixed(steps: 20).With("segmentSteps", 10).With("budget.maxDuration", "10s"));
        hand.Finish(0);
        hand.Job.Batch([batch => batch.Add(new JobPaused("somebody", "For a test.", 6))], wall: 6);
        hand.Job.Batch([], wall: 100);
        Assert.Null(hand.State.EndedBy);
        hand.Job.Batch([batch => batch.Add(new JobResumed("somebody", 100))], wall: 100);
        hand.Job.Batch([], wall: 103.9);
        Assert.Null(hand.State.EndedBy);
        hand.Job.Batch([], wall: 104.1);
        Assert.Equal("budget", hand.State.EndedBy);
    }

    [Fact]
    public void Time_without_a_worker_is_not_time_the_job_ran()
    {
        var hand = new ByHand(JobFiles.Fixed(steps: 20).With("segmentSteps", 10).With("budget.maxDuration", "10s"));
        hand.Finish(0);
        hand.Job.Batch([batch => batch.Add(new JobPlaced(hand.State.Placement!, 100))], wall: 100);
        hand.Job.Batch([], wall: 109.9);
        Assert.Null(hand.State.EndedBy);
        hand.Job.Batch([], wall: 110.1);
        Assert.Equal("budget", hand.State.EndedBy);
    }

    [Fact]
    public void Validations_at_multiples_are_the_same_wherever_the_run_was_cut()
    {
        JsonObject file = JobFiles.Fixed(steps: 24).With("validation.every", 4);
        long[] expected = [4, 8, 12, 16, 20, 24];
        foreach ((int segmentSteps, long? stop) in ((int, long?)[])[(24, null), (10, null), (3, null), (4, null), (10, 4), (10, 7)])
        {
            var hand = new ByHand(file.With("segmentSteps", segmentSteps));
            var seen = new List<long>();
            bool first = true;
            while (hand.State.FinalStep is null)
            {
                TrainedSegment made = hand.Train(hand.Next, first ? stop : null);
                first = false;
                seen.AddRange(made.Validations.Select(validation => validation.Step));
                hand.Tell(hand.Next, made);
            }

            Assert.Equal(expected, seen);
        }
    }
}
