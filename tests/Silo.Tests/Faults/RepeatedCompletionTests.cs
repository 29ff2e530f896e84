using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Faults;

/// <summary>What comes twice, or too late, counts once.</summary>
public sealed class RepeatedCompletionTests(ServedSilo served) : ServedTest(served)
{
    [Fact]
    public async Task The_same_completion_again_is_a_retry_and_changes_nothing()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Completion result = await worker.TrainAsync(await worker.LeaseOneAsync());
        Assert.Equal(CompletionVerdict.Accepted, Assert.Single(await worker.CompleteAsync(result)).Verdict);
        long sequence = (await ViewAsync(job.Id)).Sequence;
        Assert.Equal(CompletionVerdict.Retry, Assert.Single(await worker.CompleteAsync(result)).Verdict);
        Assert.Equal(sequence, (await ViewAsync(job.Id)).Sequence);
    }

    /// <summary>Of an agent whose --blobs is another folder: the job would end with a model that nobody has.</summary>
    [Fact]
    public async Task A_result_whose_checkpoint_the_silo_does_not_have_is_its_workers_failure()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Completion result = await worker.TrainAsync(await worker.LeaseOneAsync());
        await worker.CompleteAsync(result with { Checkpoint = result.Checkpoint! with { Sha256 = new string('0', 64) } });
        SegmentView segment = (await Silo.Api.SegmentsAsync(job.Id, 10, ct: Ct)).Items[0];
        Assert.Equal("planned", segment.State);
        Assert.Contains("--blobs of the agent", segment.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_completion_that_stands_twice_in_one_message_is_taken_once()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Completion result = await worker.TrainAsync(await worker.LeaseOneAsync());
        IReadOnlyList<CompletionReceipt> receipts = await worker.CompleteAsync(result, result);
        Assert.Equal([CompletionVerdict.Accepted, CompletionVerdict.Retry], receipts.Select(receipt => receipt.Verdict));
        Assert.Equal((result.Steps, 0L), ((await ViewAsync(job.Id)).Steps.Training, (await ViewAsync(job.Id)).Steps.Lost));
    }

    [Theory]
    [InlineData(CompletionOutcome.Failed)]
    [InlineData(CompletionOutcome.Released)]
    public async Task A_failure_whose_receipt_was_lost_is_no_second_failure(CompletionOutcome outcome)
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lease = await worker.LeaseOneAsync();
        Completion failed = Failed(lease) with { Outcome = outcome, Steps = 2 };
        Assert.Equal(CompletionVerdict.Accepted, Assert.Single(await worker.CompleteAsync(failed)).Verdict);
        foreach (int _ in Enumerable.Range(0, 5))
        {
            Assert.Equal(CompletionVerdict.Retry, Assert.Single(await worker.CompleteAsync(failed)).Verdict);
        }

        JobView view = await ViewAsync(job.Id);
        Assert.Equal((JobStatus.Running, 2L), (view.Status, view.Steps.Lost));
        Assert.Equal(lease.Work.Segment, (await worker.LeaseOneAsync()).Work.Segment);
    }

    [Fact]
    public async Task A_result_of_a_second_lease_is_a_duplicate_and_its_steps_are_lost()
    {
        // Two workers, since one that was given a segment twice is one that was started anew.
        ProtocolWorker first = await WorkerAsync("first");
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Lease lease = await first.LeaseOneAsync();
        Completion result = await first.TrainAsync(lease);
        first.StartAnew();
        await first.RegisterAsync();
        ProtocolWorker second = await WorkerAsync("second");
        Lease again = await second.LeaseOneAsync();
        Assert.Equal(lease.Work.Segment, again.Work.Segment);
        Assert.Equal(CompletionVerdict.Accepted, (await second.FinishAsync(again)).Verdict);
        Assert.Equal(CompletionVerdict.Duplicate, Assert.Single(await first.CompleteAsync(result)).Verdict);
        Assert.Equal((result.Steps, result.Steps), ((await ViewAsync(job.Id)).Steps.Training, (await ViewAsync(job.Id)).Steps.Lost));
    }

    [Fact]
    public async Task A_result_that_comes_late_is_taken_when_nobody_else_brought_it()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Completion result = await worker.TrainAsync(await worker.LeaseOneAsync());

        // Its lease is over, but a result is judged by what it is, not when it comes.
        worker.StartAnew();
        await worker.RegisterAsync();
        Assert.Equal(CompletionVerdict.Accepted, Assert.Single(await worker.CompleteAsync(result)).Verdict);
        Assert.Equal((result.Steps, 0L), ((await ViewAsync(job.Id)).Steps.Training, (await ViewAsync(job.Id)).Steps.Lost));
    }

    [Fact]
    public async Task A_result_for_a_job_that_has_ended_is_superseded()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool));
        Completion result = await worker.TrainAsync(await worker.LeaseOneAsync());
        await Silo.Api.CancelAsync(job.Id, Ct);
        Assert.Equal(CompletionVerdict.Superseded, Assert.Single(await worker.CompleteAsync(result)).Verdict);
        await Silo.Api.DeleteAsync(job.Id, Ct);
        CompletionReceipt receipt = Assert.Single(await worker.CompleteAsync(result));
        Assert.Equal((CompletionVerdict.Superseded, "The job was deleted."), (receipt.Verdict, receipt.Message));
    }

    [Fact]
    public async Task A_retry_after_the_job_succeeded_is_a_retry_still()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool, steps: 5, segmentSteps: 5));
        Completion trained = await worker.TrainAsync(await worker.LeaseOneAsync());
        await worker.CompleteAsync(trained);
        Completion final = await worker.TrainAsync(await worker.LeaseOneAsync());
        await worker.CompleteAsync(final);
        Assert.Equal(JobStatus.Succeeded, (await ViewAsync(job.Id)).Status);
        Assert.Equal(
            [CompletionVerdict.Retry, CompletionVerdict.Retry],
            (await worker.CompleteAsync(trained, final)).Select(receipt => receipt.Verdict));
    }

    private static Completion Failed(Lease lease) => new()
    {
        Token = lease.Token,
        Outcome = CompletionOutcome.Failed,
        Steps = 0,
        Failure = new SegmentFailure("crashed", "It crashed."),
    };
}
