namespace Orchestrator.Contracts.Jobs;

/// <summary>Where a job stands.</summary>
public enum JobStatus
{
    /// <summary>No worker can run it; the reason says why.</summary>
    Unschedulable,

    /// <summary>Segments run or wait.</summary>
    Running,

    /// <summary>No new segment starts until it is resumed.</summary>
    Paused,

    /// <summary>Ended well.</summary>
    Succeeded,

    /// <summary>Ended with an error.</summary>
    Failed,

    /// <summary>Ended by its user.</summary>
    Cancelled,
}

/// <summary>A job as the API shows it; its size does not grow with the job's history.</summary>
public sealed record JobView
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required JobStatus Status { get; init; }

    /// <summary>Why it is unschedulable, paused, failed or cancelled.</summary>
    public JobError? Reason { get; init; }

    /// <summary>Schedule algorithm.</summary>
    public required string Algorithm { get; init; }

    /// <summary>Steps of a trial.</summary>
    public required long TotalSteps { get; init; }

    /// <summary>Steps of the final model's path made so far.</summary>
    public required long Step { get; init; }

    /// <summary>Steps by purse so far.</summary>
    public required StepCounts Steps { get; init; }

    /// <summary>Segments by state, e.g. planned, leased, succeeded.</summary>
    public required IReadOnlyDictionary<string, int> Segments { get; init; }

    /// <summary>The stage that is being searched or trained; null before the first and after the last.</summary>
    public int? Stage { get; init; }

    /// <summary>Last known training loss and rate of the path, for looking at.</summary>
    public double? Loss { get; init; }

    public double? LearningRate { get; init; }

    /// <summary>Number of the last stored event.</summary>
    public required long Sequence { get; init; }

    /// <summary>Seconds since it was submitted, by the silo's clock; stands still when it has ended.</summary>
    public required double Seconds { get; init; }
}

/// <summary>A page of a list.</summary>
/// <param name="Items">At most as many as were asked for.</param>
/// <param name="Next">Cursor of the next page; null at the end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>A training run under one set of hyperparameters.</summary>
public sealed record TrialView(int Trial, string State, double? Value, long Step, IReadOnlyDictionary<string, double>? Parameters = null);

/// <summary>A segment as the API shows it.</summary>
public sealed record SegmentView
{
    /// <summary>Id across jobs: job/segment.</summary>
    public required string Id { get; init; }

    public required int Segment { get; init; }

    public required string Identity { get; init; }

    /// <summary>Plan number of the stretch it is a piece of.</summary>
    public required int Stretch { get; init; }

    /// <summary>waiting, planned, leased, succeeded, diverged, failed, cancelled.</summary>
    public required string State { get; init; }

    /// <summary>probe, path or final.</summary>
    public required string Role { get; init; }

    public int? Stage { get; init; }

    public required long Start { get; init; }

    public required long Steps { get; init; }

    /// <summary>First rate of its plan.</summary>
    public double? Rate { get; init; }

    public string? Worker { get; init; }

    public IReadOnlyDictionary<string, double>? Metrics { get; init; }

    public string? Checkpoint { get; init; }

    public string? Failure { get; init; }

    public double? Seconds { get; init; }
}

/// <summary>A stored event.</summary>
/// <param name="Sequence">Dense from 1 within its job.</param>
/// <param name="Type">E.g. job_submitted, stage_chosen.</param>
/// <param name="Payload">As stored.</param>
public sealed record JobEventView(long Sequence, string Type, System.Text.Json.JsonElement Payload);

/// <summary>What may be drawn of a job's losses and rates, thinned on the server.</summary>
public sealed record CurvesView(IReadOnlyList<CurveView> Curves);

/// <summary>One stretch's points, thinned to at most the number asked for; step counts from the trial's start.</summary>
public sealed record CurveView(
    int Stretch,
    string Role,
    int? Stage,
    double? Rate,
    string State,
    IReadOnlyList<long> Steps,
    IReadOnlyList<double?> Rates,
    IReadOnlyList<double?> Losses,
    IReadOnlyList<ValidationView> Validations);

/// <summary>A validation.</summary>
public sealed record ValidationView(long Step, IReadOnlyDictionary<string, double> Metrics);

/// <summary>A worker as the API shows it.</summary>
public sealed record WorkerView(
    string Pool,
    string Worker,
    int Slots,
    int Leases,
    IReadOnlyList<string> Workloads,
    IReadOnlyList<string> Datasets,
    string? Class,
    double SecondsSinceHeard,
    string Version);

/// <summary>A pool as the API shows it.</summary>
public sealed record PoolView(string Pool, int Workers, int Slots, int Planned, int Leased);
