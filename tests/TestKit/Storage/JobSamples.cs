using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Storage;

namespace Orchestrator.TestKit.Storage;

/// <summary>Jobs, events and segments for tests of stores: their JSON means nothing, and stores must not look into it.</summary>
public static class JobSamples
{
    /// <summary>When the first sample was created; the next ones a second later each.</summary>
    public static DateTimeOffset Epoch { get; } = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    /// <summary>A job at sequence 1.</summary>
    public static StoredJob Job(string id, JobStatus status = JobStatus.Running, string pool = "default", int second = 0) => new()
    {
        Id = id,
        Owner = "local",
        Name = $"name of {id}",
        Spec = $$"""{"name":"{{id}}"}""",
        Status = status,
        Pool = pool,
        Sequence = 1,
        Created = Epoch.AddSeconds(second),
        View = """{"view":1}""",
    };

    /// <summary>An event whose payload tells its number.</summary>
    public static StoredEvent Event(long sequence) => new(sequence, "thing_happened", $$"""{"n":{{sequence}}}""");

    /// <summary>A segment in a state.</summary>
    public static StoredSegment Segment(
        string job, int segment, SegmentState state = SegmentState.Planned, int priority = 0, string pool = "default") => new()
        {
            Job = job,
            Segment = segment,
            Owner = "local",
            Pool = pool,
            Priority = priority,
            Identity = $"identity {segment}",
            State = state,
            View = $$"""{"segment":{{segment}}}""",
            Work = $$"""{"work":{{segment}}}""",
        };

    /// <summary>The commit of one event after <paramref name="expected"/>.</summary>
    public static JobCommit Commit(StoredJob job, long expected, params StoredSegment[] segments) => new()
    {
        Job = job with { Sequence = expected + 1 },
        ExpectedSequence = expected,
        Events = [Event(expected + 1)],
        Segments = segments,
    };
}
