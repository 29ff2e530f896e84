using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Orchestrator.Contracts.Jobs;

/// <summary>result.json, schema 1: what a finished job found, and the proof of how it was chosen.</summary>
public sealed record JobResult
{
    public int Schema { get; init; } = 1;

    public required string Job { get; init; }

    public required string Name { get; init; }

    public required JobStatus Status { get; init; }

    /// <summary>steps, goal, budget; null when it failed or was cancelled.</summary>
    public string? EndedBy { get; init; }

    /// <summary>Whether the same job gives the same bits again within its numeric class.</summary>
    public required bool Reproducible { get; init; }

    public required ObjectiveResult Objective { get; init; }

    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    public JsonObject Parameters { get; init; } = [];

    public required ScheduleResult Schedule { get; init; }

    public required StepCounts Steps { get; init; }

    public required IReadOnlyList<StageResult> Stages { get; init; }

    public required TrialsResult Trials { get; init; }

    /// <summary>sha256:… of the final checkpoint; null when there is none.</summary>
    public string? Checkpoint { get; init; }

    public PlacementResult? Placement { get; init; }

    public required SecondsResult Seconds { get; init; }

    public required long Seed { get; init; }

    public required string Version { get; init; }

    /// <summary>Why it failed or was cancelled.</summary>
    public JobError? Error { get; init; }
}

/// <summary>The objective's metric, its value, and where it was measured.</summary>
public sealed record ObjectiveResult(string Metric, string Type, double? Value, long? Step, int Trial);

/// <summary>The schedule found, as pieces of decisions.</summary>
public sealed record ScheduleResult(IReadOnlyList<ScheduleRun> Runs)
{
    public string Parameter { get; init; } = "learning_rate";
}

/// <summary>Steps Start … Start + Steps − 1 at rates from From towards To (<c>From + (To − From) * j / Steps</c>).</summary>
public sealed record ScheduleRun(long Start, long Steps, double From, double To, string Reason);

/// <summary>Steps by purse.</summary>
/// <param name="Training">On the path of the final model.</param>
/// <param name="Search">Probes and trials that were not taken.</param>
/// <param name="Evaluation">Validations that a decision, a goal or the user asked for: forward samples ÷ (3 × batch size).</param>
/// <param name="Final">The one full validation and test at the end, in the same unit; enters no ratio.</param>
/// <param name="Lost">Repeated after a crash.</param>
/// <param name="Speculative">Run in case they were wanted, and not wanted.</param>
/// <param name="Reused">Answered from the cache.</param>
public sealed record StepCounts(
    long Training = 0,
    long Search = 0,
    long Evaluation = 0,
    long Final = 0,
    long Lost = 0,
    long Speculative = 0,
    long Reused = 0)
{
    /// <summary>What counts against a budget.</summary>
    [JsonIgnore]
    public long Charged => Training + Search + Evaluation;
}

/// <summary>One stage of the search.</summary>
public sealed record StageResult
{
    public required int Index { get; init; }

    /// <summary>stage, warmup, rung, path, decay or end.</summary>
    public string Kind { get; init; } = "stage";

    public required long Start { get; init; }

    public required long Steps { get; init; }

    public double? Chosen { get; init; }

    public required string Reason { get; init; }

    public double? Realised { get; init; }

    public ForecastResult? Forecast { get; init; }

    public IReadOnlyList<CandidateResult> Candidates { get; init; } = [];
}

/// <summary>A predicted loss and its standard deviation.</summary>
public sealed record ForecastResult(double Mean, double Sd);

/// <summary>A rate that was tried.</summary>
/// <param name="LearningRate">The rate.</param>
/// <param name="ProbeSteps">Steps newly run for it.</param>
/// <param name="Outcome">succeeded, diverged, or skipped: an earlier rung had found it hopeless.</param>
/// <param name="Forecast">What it was predicted to reach, where a forecast decides.</param>
/// <param name="Score">What it reached on held-out data, where that decides; less is better.</param>
public sealed record CandidateResult(double LearningRate, long ProbeSteps, string Outcome, ForecastResult? Forecast, double? Score = null);

/// <summary>Trials, the best at most 100.</summary>
public sealed record TrialsResult(int Count, IReadOnlyList<TrialView> Best);

/// <summary>What the job was placed on.</summary>
public sealed record PlacementResult(string Trainer, string Data, string Class);

/// <summary>Seconds of wall time, and of trainers.</summary>
public sealed record SecondsResult(double Wall, double Trainer);

/// <summary>Why a job ended badly, or waits.</summary>
public sealed record JobError(string Code, string Message);
