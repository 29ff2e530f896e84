using System.Text.Json;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Optimization;
using Orchestrator.Grains.Storage;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Storage;

namespace Orchestrator.Silo.Tests.Growth;

/// <summary>What a job writes for a result does not grow with the results it has: events, rows, and the bytes in them.</summary>
public sealed class CommitRowsTests
{
    [Fact]
    public void The_two_thousandth_result_writes_what_the_hundredth_wrote()
    {
        JobSpec spec = JobSpecReader.Read(JsonSerializer.SerializeToElement(QuadraticJobs.Fixed("default", steps: 2100, segmentSteps: 1))).Spec!;
        var transitions = new JobTransitions("job", spec, SearchFactory.Create(spec));
        JobState state = Planned(transitions);
        JobCommit? young = null;
        for (int segment = 0; segment < 2000; segment++)
        {
            var batch = new JobBatch(transitions, state);
            Assert.Equal(CompletionVerdict.Accepted, batch.Complete(Result(segment, state)).Verdict);
            state = batch.State;
            young = segment == 99 ? Commit(batch) : young;
            if (segment == 1999)
            {
                JobCommit old = Commit(batch);
                Assert.Equal(["segment_finished"], old.Events.Select(e => e.Type));
                Assert.Equal(young!.Events.Select(e => e.Type), old.Events.Select(e => e.Type));

                // Itself, and the one that may begin now.
                Assert.Equal([1999, 2000], old.Segments.Select(s => s.Segment));
                Assert.Equal([99, 100], young.Segments.Select(s => s.Segment));
                Assert.InRange(Bytes(old), 1, Bytes(young) + 100);
            }
        }
    }

    private static JobState Planned(JobTransitions transitions)
    {
        var batch = new JobBatch(transitions, transitions.Initial);
        batch.Add(new JobSubmitted("local", JsonSerializer.SerializeToElement(new { })));
        batch.Add(new JobPlaced(new JobPlacement("trainer", "trainer 1", "", "class", true, ["validation_loss"], 0)));
        foreach (SearchDecision decision in transitions.Search.Decide(batch.State.Search!))
        {
            batch.Add(new SearchDecided(decision, batch.State.Sequence));
        }

        return batch.State;
    }

    private static LeasedCompletion Result(int segment, JobState state)
    {
        double rate = SegmentPlanner.Plan(state.Stretches[0].Plan, state.Segments[segment]).RateAt(0);
        return new LeasedCompletion(segment, $"lease{segment:0000}", "default", "worker", new Completion
        {
            Token = "token",
            Outcome = CompletionOutcome.Succeeded,
            Steps = 1,
            Series = $"step,rate,loss,gradient_l1,gradient_l2\n{segment},{rate:R},1,1,1\n",
            Checkpoint = new BlobReference(new string('c', 64), 100),
        });
    }

    private static JobCommit Commit(JobBatch batch) => batch.ToCommit(
        JobSamples.Job("job") with
        {
            Sequence = batch.State.Sequence,
            View = JsonSerializer.Serialize(JobViews.Job("job", JobSpecReader.Read(JsonSerializer.SerializeToElement(QuadraticJobs.Fixed("default"))).Spec!, batch.State, 0)),
        },
        null);

    private static long Bytes(JobCommit commit) =>
        commit.Job.View.Length + commit.Events.Sum(e => e.Payload.Length)
        + commit.Segments.Sum(s => s.View.Length + s.Work.Length + (s.Result?.Length ?? 0)) + commit.Series.Sum(s => s.Csv.Length);
}
