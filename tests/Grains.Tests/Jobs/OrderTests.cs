using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Storage;
using Orchestrator.Grains.Tests.Driving;
using Orchestrator.TestKit.Training;

namespace Orchestrator.Grains.Tests.Jobs;

/// <summary>Results are stored as they arrive and observed as they were planned.</summary>
public sealed class OrderTests
{
    [Fact]
    public void A_result_that_came_early_waits_to_be_observed()
    {
        var hand = new ByHand(JobFiles.AutoLrs().With("segmentSteps", 20).With("schedule.range.max", 1.0));
        hand.Finish(3);
        hand.Finish(1);
        Assert.Equal(SegmentState.Succeeded, hand[3].State);
        Assert.DoesNotContain("stretch_observed", hand.EventsFrom(0));
        hand.Finish(0);
        Assert.Equal([0, 1], Observed(hand));
        hand.Finish(2);
        Assert.Equal([0, 1, 2, 3], Observed(hand));
    }

    [Fact]
    public void With_virtual_slots_a_short_stretch_is_observed_before_a_long_one_that_was_planned_first()
    {
        ByHand hand = Scripted(2, (0, [ScriptedSearch.Stretch(0, null, 0, 20), ScriptedSearch.Stretch(1, null, 0, 5), ScriptedSearch.Stretch(2, null, 0, 5)]));
        foreach (int segment in (int[])[0, 1, 2])
        {
            hand.Finish(segment);
        }

        Assert.Equal([1, 2, 0], Observed(hand));
    }

    [Fact]
    public void What_was_to_start_from_a_stretch_that_diverged_is_observed_as_cancelled_in_its_turn()
    {
        ByHand hand = Scripted(
            1, (0, [ScriptedSearch.Stretch(0, null, 0, 5), ScriptedSearch.Stretch(1, 0, 5, 5), ScriptedSearch.Stretch(2, 1, 10, 5), ScriptedSearch.Stretch(3, null, 0, 15)]));
        hand.Tell(0, TrainedSegment.Diverged(2, 2));
        Assert.Equal([SegmentState.Diverged, SegmentState.Cancelled, SegmentState.Cancelled, SegmentState.Planned], hand.State.Segments.Values.Select(s => s.State));
        hand.Finish(3);
        Assert.Equal([0, 1, 2, 3], Observed(hand));
        Assert.Equal(
            [StretchOutcome.Diverged, StretchOutcome.Cancelled, StretchOutcome.Cancelled, StretchOutcome.Succeeded],
            ((ScriptedState)hand.State.Search!).Seen.Select(seen => seen.Outcome));
        hand.RunToEnd();
        Assert.Equal((JobStatus.Succeeded, 17L), (hand.State.Status, hand.State.Steps.Training + hand.State.Steps.Search));
    }

    [Fact]
    public void A_stretch_that_is_planned_on_one_that_has_diverged_already_is_cancelled_at_once()
    {
        // The first has diverged, and is not observed yet: its turn comes after the second's.
        ByHand hand = Scripted(
            2,
            (0, [ScriptedSearch.Stretch(0, null, 0, 20), ScriptedSearch.Stretch(1, null, 0, 10)]),
            (1, [ScriptedSearch.Stretch(2, 0, 20, 5)]));
        hand.Tell(0, TrainedSegment.Diverged(2, 2));
        hand.Finish(1);
        Assert.Equal(SegmentState.Cancelled, hand[2].State);
        Assert.Equal([1, 0, 2], Observed(hand));
        hand.RunToEnd();
        Assert.Equal(JobStatus.Succeeded, hand.State.Status);
    }

    [Fact]
    public void Pieces_that_follow_one_that_diverged_are_cancelled_and_the_stretch_diverged()
    {
        ByHand hand = Scripted(1, (0, [ScriptedSearch.Stretch(0, null, 0, 30), ScriptedSearch.Stretch(1, null, 0, 5)]), segmentSteps: 10);
        hand.Finish(0);
        hand.Tell(1, TrainedSegment.Diverged(3, 13));
        Assert.Equal((StretchOutcome.Diverged, 13L), (hand.State.Stretches[0].Outcome, hand.State.Stretches[0].Made));
        Assert.Equal(SegmentState.Cancelled, hand[2].State);
    }

    [Fact]
    public void What_is_known_of_a_stretch_that_diverged_does_not_depend_on_where_it_was_stopped()
    {
        ByHand whole = Scripted(1, (0, [ScriptedSearch.Stretch(0, null, 0, 10), ScriptedSearch.Stretch(1, null, 0, 5)]));
        whole.Tell(0, TrainedSegment.Diverged(7, 7));
        ByHand stopped = Scripted(1, (0, [ScriptedSearch.Stretch(0, null, 0, 10), ScriptedSearch.Stretch(1, null, 0, 5)]));
        stopped.Finish(0, stopAfter: 4);
        stopped.Tell(stopped.State.Stretches[0].Pieces[^1], TrainedSegment.Diverged(3, 7));
        Assert.Equal(Last(whole), Last(stopped));
        Assert.Equal(whole.State.Steps, stopped.State.Steps);

        static Observation Last(ByHand hand) => ((ScriptedState)hand.State.Search!).Seen[^1];
    }

    private static ByHand Scripted(int parallel, params (int After, Stretch[] Stretches)[] waves) => Scripted(parallel, waves, segmentSteps: 100);

    private static ByHand Scripted(int parallel, (int After, Stretch[] Stretches) wave, int segmentSteps) => Scripted(parallel, [wave], segmentSteps);

    private static ByHand Scripted(int parallel, (int After, Stretch[] Stretches)[] waves, int segmentSteps) =>
        new(JobFiles.Fixed(steps: 100).With("parallelTrialCount", parallel).With("segmentSteps", segmentSteps), search: new ScriptedSearch(waves));

    private static IEnumerable<int> Observed(ByHand hand) => hand.Job.Events.Where(e => e.Type == "stretch_observed")
        .Select(e => System.Text.Json.JsonDocument.Parse(e.Payload).RootElement.GetProperty("observation").GetProperty("stretch").GetInt32());
}
