using System.Text.Json.Nodes;
using Orchestrator.Contracts.Leases;

namespace Orchestrator.Contracts.Jobs;

/// <summary>A validated job file with its defaults resolved; made by <see cref="JobSpecReader"/> only.</summary>
public sealed record JobSpec
{
    /// <summary>Name for people, and of the output folder.</summary>
    public required string Name { get; init; }

    /// <summary>Which trainer.</summary>
    public required TrainerSelection Trainer { get; init; }

    /// <summary>Constants handed to the trainer.</summary>
    public required JsonObject Settings { get; init; }

    /// <summary>What is to be made small or large.</summary>
    public required ObjectiveSpec Objective { get; init; }

    /// <summary>Length of a trial in optimiser updates, at least 1.</summary>
    public required long Steps { get; init; }

    /// <summary>Longest segment; bounds what a kill can cost.</summary>
    public required long SegmentSteps { get; init; }

    /// <summary>The schedule search.</summary>
    public required ScheduleSpec Schedule { get; init; }

    /// <summary>Peaks at which a fixed schedule is tried; null = one schedule, as it is given or searched.</summary>
    public PeakTrialsSpec? Peaks { get; init; }

    /// <summary>Validations besides the one at the trial's end.</summary>
    public required ValidationSpec Validation { get; init; }

    /// <summary>How many candidates a search plans at once; changes the result. Slots and agents never do.</summary>
    public int ParallelTrialCount { get; init; } = 1;

    /// <summary>Trials of the job.</summary>
    public int MaxTrialCount { get; init; } = 1;

    /// <summary>What may be spent.</summary>
    public BudgetSpec Budget { get; init; } = new();

    /// <summary>Seed of every random stream.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Where it may run.</summary>
    public ResourceSpec Resources { get; init; } = new();
}

/// <summary>What is to be made small or large.</summary>
/// <param name="Metric">A metric of the workload.</param>
/// <param name="Maximize">Whether large is good.</param>
/// <param name="Goal">Reached at a full validation, the job succeeds at once; null = none.</param>
/// <param name="Value">last or best.</param>
public sealed record ObjectiveSpec(string Metric, bool Maximize, double? Goal, string Value);

/// <summary>What may be spent.</summary>
/// <param name="MaxSteps">Steps of training, search and evaluation; null = no bound.</param>
/// <param name="MaxDuration">Time the job ran, paused time excluded; null = no bound. Makes the job not reproducible.</param>
public sealed record BudgetSpec(long? MaxSteps = null, TimeSpan? MaxDuration = null);

/// <summary>Validations during a trial.</summary>
/// <param name="Every">After every step divisible by this; 0 = never.</param>
/// <param name="Samples">Samples of the validation split, from its first; null = all.</param>
public sealed record ValidationSpec(long Every, long? Samples);

/// <summary>Where a job may run.</summary>
public sealed record ResourceSpec
{
    /// <summary>The pool.</summary>
    public string Pool { get; init; } = "default";

    /// <summary>Slots a trial takes.</summary>
    public int SlotsPerTrial { get; init; } = 1;

    /// <summary>Bytes of memory a trainer may take; null = no limit.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Labels a worker must carry.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Higher goes first.</summary>
    public int Priority { get; init; }
}

/// <summary>The schedule search of a job.</summary>
public sealed record ScheduleSpec
{
    /// <summary>annealed, autolrs, autolrs-reference or fixed.</summary>
    public required string Algorithm { get; init; }

    /// <summary>Smallest rate; for fixed, 0.</summary>
    public double MinRate { get; init; }

    /// <summary>Largest rate; for fixed, the peak.</summary>
    public double MaxRate { get; init; }

    /// <summary>Warm-up before the search; null = none.</summary>
    public WarmupSpec? Warmup { get; init; }

    /// <summary>Settings of a fixed schedule.</summary>
    public FixedScheduleSpec? Fixed { get; init; }

    /// <summary>Settings of autolrs and autolrs-reference.</summary>
    public AutoLrsSpec? AutoLrs { get; init; }

    /// <summary>Settings of annealed.</summary>
    public AnnealedSpec? Annealed { get; init; }
}

/// <summary>Linear warm-up: the rate at t &lt; Steps is From + (To − From)(t + 1)/Steps.</summary>
public sealed record WarmupSpec(long Steps, double From, double To);

/// <summary>A fixed schedule: a kind with its knobs, or stored runs.</summary>
/// <param name="Kind">constant, linear, cosine, rex, wsd or runs.</param>
/// <param name="Peak">Highest rate; null for runs.</param>
/// <param name="Final">Last rate as a fraction of the peak, in [0, 1].</param>
/// <param name="DecayFraction">wsd: fraction of the trial that decays, in (0, 1].</param>
/// <param name="Decay">wsd: linear or sqrt.</param>
/// <param name="Runs">runs: [steps, from, to] each, their steps summing to the trial's.</param>
public sealed record FixedScheduleSpec(
    string Kind,
    double? Peak,
    double Final,
    double DecayFraction,
    string Decay,
    IReadOnlyList<RunSpec>? Runs);

/// <summary>Steps at rates from From towards To.</summary>
public sealed record RunSpec(long Steps, double From, double To);

/// <summary>Settings of autolrs and autolrs-reference, defaults resolved.</summary>
public sealed record AutoLrsSpec(
    long StageSteps,
    double Growth,
    long? MaxStageSteps,
    long ProbeSteps,
    int Candidates,
    string Signal,
    double Kappa,
    bool Racing = true,
    bool Anneal = true,
    long? FirstProbeSteps = null);

/// <summary>Settings of annealed; null = the search's own constant.</summary>
public sealed record AnnealedSpec
{
    /// <summary>Length of a probe of the first rung as a share of the steps.</summary>
    public double? Rung0 { get; init; }

    /// <summary>Length of a probe of the second rung.</summary>
    public double? Rung1 { get; init; }

    /// <summary>Length of a probe of the third rung.</summary>
    public double? Rung2 { get; init; }

    /// <summary>Share of a probe that cools down.</summary>
    public double? CoolDown { get; init; }

    /// <summary>What the search may cost as a share of the steps.</summary>
    public double? Guard { get; init; }

    /// <summary>Share of the steps for which the peak is held; null = while the training loss falls, and 0.35 in a race.</summary>
    public double? Hold { get; init; }

    /// <summary>Whether the search may leave the range.</summary>
    public bool Repair { get; init; } = true;

    /// <summary>Full-length variants run beside the path.</summary>
    public int Race { get; init; }
}

/// <summary>A fixed schedule tried at several peaks: the baselines.</summary>
/// <param name="Algorithm">grid, sobol or halving.</param>
/// <param name="Values">The peaks that were listed; null = points between the ends.</param>
/// <param name="Min">Lowest peak; 0 where values are listed.</param>
/// <param name="Max">Highest peak; 0 where values are listed.</param>
/// <param name="Rungs">Trials and share of the steps of each rung; the last share is 1.</param>
public sealed record PeakTrialsSpec(
    string Algorithm, IReadOnlyList<double>? Values, double Min, double Max, IReadOnlyList<PeakRungSpec> Rungs);

/// <summary>A rung of peak trials.</summary>
public sealed record PeakRungSpec(int Count, double Fraction);
