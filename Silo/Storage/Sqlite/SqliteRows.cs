using System.Text.Json;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Silo.Storage.Sqlite;

/// <summary>A row of jobs with its spec: enumerations as their wire names, time as UTC ticks.</summary>
internal sealed record JobRow
{
    public long Number { get; init; }

    public required string Id { get; init; }

    public required string Owner { get; init; }

    public required string Name { get; init; }

    public required string Spec { get; init; }

    public required string Status { get; init; }

    public required string Pool { get; init; }

    public long Sequence { get; init; }

    public long Created { get; init; }

    public required string View { get; init; }

    public string? Result { get; init; }

    /// <summary>Sequence the job must have in the store, for the compare-and-set.</summary>
    public long Expected { get; init; }

    public static JobRow Of(StoredJob job, long expected = 0) => new()
    {
        Id = job.Id,
        Owner = job.Owner,
        Name = job.Name,
        Spec = job.Spec,
        Status = StoredName.Of(job.Status),
        Pool = job.Pool,
        Sequence = job.Sequence,
        Created = job.Created.UtcTicks,
        View = job.View,
        Result = job.Result,
        Expected = expected,
    };

    public StoredJob ToJob() => new()
    {
        Id = Id,
        Owner = Owner,
        Name = Name,
        Spec = Spec,
        Status = StoredName.Parse<JobStatus>(Status),
        Pool = Pool,
        Sequence = Sequence,
        Created = new DateTimeOffset(Created, TimeSpan.Zero),
        View = View,
        Result = Result,
    };
}

/// <summary>A row of segments.</summary>
internal sealed record SegmentRow
{
    public required string Job { get; init; }

    public int Segment { get; init; }

    public required string Owner { get; init; }

    public required string Pool { get; init; }

    public int Priority { get; init; }

    public required string Identity { get; init; }

    public required string State { get; init; }

    public required string View { get; init; }

    public required string Work { get; init; }

    public string? Result { get; init; }

    public StoredSegment ToSegment() => new()
    {
        Job = Job,
        Segment = Segment,
        Owner = Owner,
        Pool = Pool,
        Priority = Priority,
        Identity = Identity,
        State = StoredName.Parse<SegmentState>(State),
        View = View,
        Work = Work,
        Result = Result,
    };
}

/// <summary>Names of enumeration values in the store: snake_case, for ever.</summary>
internal static class StoredName
{
    public static string Of<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    public static T Parse<T>(string name)
        where T : struct, Enum => Enum.Parse<T>(name.Replace("_", ""), ignoreCase: true);
}
