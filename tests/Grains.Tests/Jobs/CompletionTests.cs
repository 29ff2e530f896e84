using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Storage;
using Orchestrator.Grains.Tests.Driving;
using Orchestrator.TestKit.Training;

namespace Orchestrator.Grains.Tests.Jobs;

/// <summary>What a job makes of results: which it takes, which it has already, and which it does not want.</summary>
public sealed class CompletionTests
{
    private readonly ByHand _hand = new(JobFiles.Fixed(steps: 20).With("segmentSteps", 10));

    [Fact]
    public void A_result_that_is_wanted_is_taken_and_opens_what_waits_for_it()
    {
        Assert.Equal(SegmentState.Waiting, _hand[1].State);
        Assert.Equal(CompletionVerdict.Accepted, _hand.Finish(0).Verdict);
        Assert.Equal(SegmentState.Succeeded, _hand[0].State);
        Assert.Equal(SegmentState.Planned, _hand[1].State);
        Assert.Equal(_hand[0].Checkpoint, _hand.Job.Work(1).Parent);
        Assert.Equal(10, _hand.State.Steps.Training);
    }

    [Fact]
    public void The_same_lease_again_is_a_retry_and_changes_nothing()
    {
        _hand.Finish(0, "a");
        int events = _hand.Job.Events.Count;
        Assert.Equal(CompletionVerdict.Retry, _hand.Finish(0, "a").Verdict);
        Assert.Equal(events, _hand.Job.Events.Count);
    }

    [Fact]
    public void Another_lease_of_a_finished_segment_is_a_duplicate_counted_as_lost_once()
    {
        _hand.Finish(0, "a");
        Assert.Equal(CompletionVerdict.Duplicate, _hand.Finish(0, "b").Verdict);
        Assert.Equal(10, _hand.State.Steps.Lost);
        Assert.Equal(CompletionVerdict.Retry, _hand.Finish(0, "b").Verdict);
        Assert.Equal(10, _hand.State.Steps.Lost);
        Assert.Equal(10, _hand.State.Steps.Training);
        Assert.Equal("a", _hand[0].Lease);
    }

    [Fact]
    public void A_duplicate_leaves_the_stored_result_where_it_is()
    {
        _hand.Finish(0, "a");
        _hand.Finish(0, "b");
        Assert.NotNull(_hand.Job.Rows[0].Result);
    }

    [Fact]
    public void A_duplicate_of_a_lease_that_was_given_up_counts_its_steps_once()
    {
        _hand.Lose(0, "a", steps: 4);
        Assert.Equal(4, _hand.State.Steps.Lost);
        _hand.Finish(0, "b");
        _hand.Finish(0, "a");
        Assert.Equal(10, _hand.State.Steps.Lost);
    }

    [Fact]
    public void The_result_of_a_lease_that_was_given_up_is_taken_and_its_steps_are_not_lost()
    {
        _hand.Lose(0, "a", steps: 4);
        Assert.Equal(CompletionVerdict.Accepted, _hand.Finish(0, "a").Verdict);
        Assert.Equal(0, _hand.State.Steps.Lost);
    }

    [Fact]
    public void A_cancelled_job_wants_nothing_and_counts_nothing()
    {
        TrainedSegment result = _hand.Train(0);
        _hand.Job.Batch([batch => batch.Add(new JobEnded(JobStatus.Cancelled, null, new JobError("cancelled", "Cancelled."), 1))]);
        int events = _hand.Job.Events.Count;
        CompletionReceipt receipt = _hand.Tell(0, result);
        Assert.Equal((CompletionVerdict.Superseded, "The job has cancelled."), (receipt.Verdict, receipt.Message));
        Assert.Equal(events, _hand.Job.Events.Count);
        Assert.Equal(0, _hand.State.Steps.Training);
    }

    [Fact]
    public void A_segment_that_never_was_is_invalid()
    {
        CompletionReceipt receipt = _hand.Tell(99, TrainedSegment.Released(0));
        Assert.Equal((CompletionVerdict.Invalid, "The job has no segment 99."), (receipt.Verdict, receipt.Message));
    }

    [Fact]
    public void A_candidate_that_left_the_memory_is_superseded()
    {
        var hand = new ByHand(JobFiles.AutoLrs(steps: 100));
        hand.RunUntil(() => !hand.State.Segments.ContainsKey(0) || hand.State.Ended);
        CompletionReceipt receipt = hand.Tell(0, TrainedSegment.Released(5));
        Assert.Equal((CompletionVerdict.Superseded, "The job went on without it."), (receipt.Verdict, receipt.Message));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(11)]
    public void Steps_that_were_not_planned_are_refused(long steps) => Refused("steps; 10 were planned", c => c with { Steps = steps });

    [Fact]
    public void A_missing_checkpoint_is_refused() => Refused("no checkpoint", c => c with { Checkpoint = null });

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("")]
    [InlineData("ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD")]
    public void A_checkpoint_by_a_name_that_is_no_hash_is_refused(string name) =>
        Refused("64 lower-case hexadecimal digits", c => c with { Checkpoint = new BlobReference(name, 1) });

    [Fact]
    public void A_missing_series_is_refused() => Refused("no series", c => c with { Series = null });

    [Fact]
    public void A_series_that_cannot_be_read_is_refused() => Refused("cannot be read", c => c with { Series = "hello\n" });

    [Fact]
    public void A_series_with_a_point_too_few_is_refused() =>
        Refused("9 points for 10 steps", c => c with { Series = c.Series![..(c.Series!.TrimEnd('\n').LastIndexOf('\n') + 1)] });

    [Fact]
    public void A_series_with_a_point_too_many_is_refused() => Refused("11 points for 10 steps", c => c with { Series = c.Series + "10,0.1,1,1,1\n" });

    [Fact]
    public void A_series_of_other_steps_is_refused() => Refused("is of step 7", c => c with { Series = c.Series!.Replace("\n3,", "\n7,") });

    [Fact]
    public void Rates_that_differ_in_the_last_bit_are_refused() => Refused(
        "wrong_rates: step 0",
        c => c with { Series = c.Series!.Replace($"0,{Rate():R},", $"0,{Math.BitIncrement(Rate()):R},") });

    [Fact]
    public void Validations_that_mean_nothing_are_refused() => Refused(
        "One of its validations",
        c => c with { Validations = [new(3, null!)] },
        c => c with { Validations = [new(3, new Dictionary<string, double>(), Samples: -5)] },
        c => c with { Validations = [new(999, new Dictionary<string, double>())] },
        c => c with { Validations = [null!] });

    [Fact]
    public void An_evaluation_without_metrics_is_refused()
    {
        _hand.RunUntil(() => _hand.State.FinalStep is not null);
        CompletionReceipt receipt = _hand.Tell(_hand.Next, _hand.Train(_hand.Next) with { Validations = [] });
        Assert.Equal(CompletionVerdict.Invalid, receipt.Verdict);
        Assert.Contains("no metrics", receipt.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_log_of_a_result_is_kept_also_when_it_was_refused_and_not_when_it_came_too_late()
    {
        TrainedSegment good = _hand.Train(0);
        _hand.Tell(0, good, change: c => c with { Series = null, Log = "refused" });
        Assert.Equal("refused", _hand.Job.Logs[0]);
        _hand.Tell(0, good, change: c => c with { Log = "taken" });
        _hand.Tell(0, good, change: c => c with { Log = "late" });
        Assert.Equal("taken", _hand.Job.Logs[0]);
    }

    [Fact]
    public void What_a_worker_says_it_lost_is_held_to_what_it_could_make()
    {
        _hand.Tell(0, TrainedSegment.Released(0), change: c => c with { Steps = -1000 });
        Assert.Equal(0, _hand.State.Steps.Lost);
        _hand.Tell(0, TrainedSegment.Released(0), change: c => c with { Steps = 1000 });
        Assert.Equal(10, _hand.State.Steps.Lost);
    }

    private double Rate() => _hand.Job.Work(0).Plan.RateAt(0);

    /// <summary>The result is refused with a sentence, it counts as a failure, and the third such is the last.</summary>
    private static void Refused(string why, params Func<Completion, Completion>[] changes)
    {
        foreach (Func<Completion, Completion> change in changes)
        {
            var hand = new ByHand(JobFiles.Fixed(steps: 20).With("segmentSteps", 10));
            TrainedSegment good = hand.Train(0);
            CompletionReceipt receipt = hand.Tell(0, good, change: change);
            Assert.Equal(CompletionVerdict.Invalid, receipt.Verdict);
            Assert.Contains(why, receipt.Message, StringComparison.Ordinal);
            Assert.Equal((SegmentState.Planned, 1), (hand[0].State, hand[0].Failures));
            hand.Tell(0, good, change: change);
            Assert.Equal(CompletionVerdict.Invalid, hand.Tell(0, good, change: change).Verdict);
            Assert.Equal((JobStatus.Failed, "segment_failed"), (hand.State.Status, hand.State.Reason!.Code));
            Assert.Contains(why, hand.State.Reason.Message, StringComparison.Ordinal);
        }
    }
}
