using System.Text.Json.Nodes;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Storage;
using Orchestrator.TestKit.Training;

namespace Orchestrator.Grains.Tests.Driving;

/// <summary>A job that a test drives step by step, and the worker that trains its segments.</summary>
internal sealed class ByHand(JsonObject file, JobPlacement? placement = null, ISearch? search = null)
{
    private readonly Dictionary<string, byte[]> _blobs = [];
    private int _leases;

    public DrivenJob Job { get; } = new(file, placement, search);

    public JobState State => Job.State;

    /// <summary>The segment that would be offered first.</summary>
    public int Next => Job.Planned.First().Number;

    public SegmentRecord this[int segment] => State.Segments[segment];

    /// <summary>Types of the events from one on.</summary>
    public IEnumerable<string> EventsFrom(int first) => Job.Events.Skip(first).Select(e => e.Type);

    /// <summary>Trains a segment, wholly or up to a stop; nothing is told.</summary>
    public TrainedSegment Train(int segment, long? stopAfter = null)
    {
        SegmentWork work = Job.Work(segment);
        TrainedSegment result = QuadraticTrainer.Run(work, work.Parent is { } parent ? _blobs[parent.Sha256] : null, stopAfter);
        if (result.Blob is { } blob)
        {
            _blobs[blob.Sha256] = result.Checkpoint!;
        }

        return result;
    }

    /// <summary>Tells a result under a lease; by default a new one.</summary>
    public CompletionReceipt Tell(int segment, TrainedSegment result, string? lease = null, Func<Completion, Completion>? change = null)
    {
        lease ??= $"lease-{_leases++}";
        Completion completion = result.ToCompletion(lease);
        return Job.Complete(new LeasedCompletion(segment, lease, "default", $"worker of {lease}", change?.Invoke(completion) ?? completion));
    }

    /// <summary>Trains a segment and tells it.</summary>
    public CompletionReceipt Finish(int segment, string? lease = null, long? stopAfter = null) => Tell(segment, Train(segment, stopAfter), lease);

    /// <summary>Loses a lease of a segment.</summary>
    public void Lose(int segment, string lease, long steps = 0, bool drained = false) =>
        Job.Lose(new LostLease(segment, lease, "w", steps, "Silence.", drained));

    /// <summary>Does what is offered, in order, until a condition holds.</summary>
    public void RunUntil(Func<bool> condition)
    {
        while (!condition())
        {
            Assert.NotEmpty(Job.Planned);
            Finish(Next);
        }
    }

    /// <summary>Does what is offered, in order, to the job's end.</summary>
    public void RunToEnd() => RunUntil(() => State.Ended);

    /// <summary>Takes the bytes of a segment's checkpoint away, and has the job find that out.</summary>
    public void Damage(int segment)
    {
        _blobs.Remove(this[segment].Checkpoint!.Sha256);
        Job.LoseCheckpoint(segment);
    }

    /// <summary>Keeps the bytes of a checkpoint that a test made up.</summary>
    public void Keep(TrainedSegment made) => _blobs[made.Blob!.Sha256] = made.Checkpoint!;
}
