using System.Text.Json.Nodes;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Faults;

/// <summary>A checkpoint whose bytes were changed, or are gone, is computed again from what it came from.</summary>
public sealed class DamagedCheckpointTests(ServedSilo served) : ServedTest(served)
{
    [Theory]
    [InlineData(false, 4711)]
    [InlineData(true, 4712)]
    public async Task It_is_recomputed_and_the_job_ends_as_if_nothing_had_happened(bool gone, int seed)
    {
        JobResult undisturbed = await JobRun.ToEndAsync(Silo, $"{Pool}-undisturbed", Job($"{Pool}-undisturbed", seed));
        (ProtocolWorker worker, JobView job, Completion first, Lease next) = await OneSegmentOnAsync(seed);
        await DamageAsync(first.Checkpoint!.Sha256, gone);
        await worker.CompleteAsync(WithoutParent(next));
        Lease again = await worker.LeaseOneAsync();
        Assert.Equal((0, true), (again.Work.Segment, again.Work.Output));
        Assert.Equal(CompletionVerdict.Accepted, (await worker.FinishAsync(again)).Verdict);
        JobResult result = await worker.UntilEndAsync(Silo, job.Id);
        Assert.Equal(first.Steps, result.Steps.Lost);
        Assert.Equal(Essence.Of(undisturbed), Essence.Of(result));
        JobEventView lost = Assert.Single(await EventsAsync(job.Id), e => e.Type == "checkpoint_lost");
        Assert.Equal(first.Checkpoint.Sha256, lost.Payload.Text("sha256"));
    }

    [Fact]
    public async Task Other_bytes_the_second_time_fail_a_job_whose_class_promises_the_same()
    {
        (ProtocolWorker worker, JobView job, Completion first, Lease next) = await OneSegmentOnAsync(seed: 4713);
        await DamageAsync(first.Checkpoint!.Sha256, gone: true);
        await worker.CompleteAsync(WithoutParent(next));
        Lease again = await worker.LeaseOneAsync();
        byte[] other = [1, 2, 3];
        await worker.UploadAsync(other);
        Completion second = (await worker.TrainAsync(again)) with { Checkpoint = new BlobReference(QuadraticSegment.Hash(other), other.Length) };
        await worker.CompleteAsync(second);
        JobResult result = await Silo.Api.ResultAsync(job.Id, Ct);
        Assert.Equal((JobStatus.Failed, "nondeterminism_found"), (result.Status, result.Error!.Code));
        Assert.Contains(first.Checkpoint.Sha256, result.Error.Message);
        Assert.Contains(second.Checkpoint!.Sha256, result.Error.Message);
    }

    [Fact]
    public async Task A_worker_that_cannot_get_a_checkpoint_which_is_sound_is_itself_to_blame()
    {
        (ProtocolWorker worker, JobView job, _, Lease next) = await OneSegmentOnAsync(seed: 4714);
        await worker.CompleteAsync(WithoutParent(next));
        Assert.Equal(next.Work.Segment, (await (await WorkerAsync("other")).LeaseOneAsync()).Work.Segment);
        Assert.DoesNotContain(await EventsAsync(job.Id), e => e.Type == "checkpoint_lost");
    }

    private static Completion WithoutParent(Lease lease) => new()
    {
        Token = lease.Token,
        Outcome = CompletionOutcome.Failed,
        Steps = 0,
        Failure = new SegmentFailure("no_parent", "The checkpoint cannot be fetched.", WorkerFault: true),
    };

    /// <summary>Equal checkpoints are one blob: a seed of its own makes sure that no other test's is damaged.</summary>
    private static JsonObject Job(string pool, int seed)
    {
        JsonObject job = QuadraticJobs.Fixed(pool);
        job["seed"] = seed;
        return job;
    }

    private async Task<(ProtocolWorker Worker, JobView Job, Completion First, Lease Next)> OneSegmentOnAsync(int seed)
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(Job(Pool, seed));
        Completion first = await worker.TrainAsync(await worker.LeaseOneAsync());
        await worker.CompleteAsync(first);
        return (worker, job, first, await worker.LeaseOneAsync());
    }

    private async Task DamageAsync(string sha256, bool gone)
    {
        string path = Path.Combine(Silo.Blobs, sha256[..2], sha256);
        if (gone)
        {
            File.Delete(path);
            return;
        }

        byte[] bytes = await File.ReadAllBytesAsync(path, Ct);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, Ct);
    }

    private async Task<List<JobEventView>> EventsAsync(string job)
    {
        long last = (await ViewAsync(job)).Sequence;
        var events = new List<JobEventView>();
        await foreach (JobEventView e in Silo.Api.EventsAsync(job, 0, Ct))
        {
            events.Add(e);
            if (e.Sequence >= last)
            {
                break;
            }
        }

        return events;
    }
}
