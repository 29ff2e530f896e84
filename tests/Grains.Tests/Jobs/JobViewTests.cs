using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Tests.Driving;
using Orchestrator.TestKit.Training;

namespace Orchestrator.Grains.Tests.Jobs;

/// <summary>What is shown of a job while it runs.</summary>
public sealed class JobViewTests
{
    [Fact]
    public void Segments_are_counted_by_state_also_those_that_left_the_memory()
    {
        var hand = new ByHand(JobFiles.AutoLrs(steps: 100).With("segmentSteps", 20));
        int finished = 0;
        hand.RunUntil(() =>
        {
            finished += hand.State.Ended ? 0 : 1;
            return hand.State.Ended;
        });
        JobView view = View(hand);
        Assert.True(hand.State.Segments.Count < finished);
        Assert.Equal(finished, view.Segments.Values.Sum());
        Assert.True(view.Segments["diverged"] > 0);
    }

    [Fact]
    public void The_stage_is_the_one_that_is_worked_on_and_none_when_the_search_is_over()
    {
        var hand = new ByHand(JobFiles.Waves());
        Assert.Equal(0, View(hand).Stage);
        hand.RunUntil(() => hand.State.Stages.Count == 1 && hand.Job.Planned.Count() == 3);
        Assert.Equal(1, View(hand).Stage);
        hand.RunToEnd();
        Assert.Null(View(hand).Stage);
    }

    [Fact]
    public void The_rate_is_that_of_the_last_step_of_the_path()
    {
        var hand = new ByHand(JobFiles.Fixed(steps: 40, kind: "linear").With("segmentSteps", 10));
        Assert.Equal(0.1, View(hand).LearningRate);
        hand.Finish(0);
        Assert.Equal((10L, 0.1 + (-0.1 * 9 / 40)), (View(hand).Step, View(hand).LearningRate!.Value));
    }

    [Fact]
    public void A_run_that_is_cut_for_a_result_keeps_its_slope()
    {
        ScheduleRun cut = Assert.Single(ScheduleRuns.Clip([new ScheduleRun(0, 10, 1, 0, "r"), new ScheduleRun(10, 5, 0, 0, "r")], 4));
        Assert.Equal((0L, 4L, 1.0, 0.6), (cut.Start, cut.Steps, cut.From, cut.To));
    }

    [Fact]
    public void A_segment_that_failed_says_why_and_where()
    {
        var hand = new ByHand(JobFiles.Fixed(steps: 20));
        hand.Tell(0, TrainedSegment.Failed(3, "crashed"), "a");
        SegmentView view = JobViews.Segment(DrivenJob.Id, hand.State, hand[0]);
        Assert.Equal(("planned", "crashed: crashed, for a test", "worker of a"), (view.State, view.Failure, view.Worker));
    }

    private static JobView View(ByHand hand) => JobViews.Job(DrivenJob.Id, hand.Job.Spec, hand.State, 0);
}
