namespace Orchestrator.Bo.Searches;

/// <summary>What every schedule search is told.</summary>
/// <param name="Steps">Length T of the trial in optimiser updates, at least 1.</param>
/// <param name="MinRate">Lower end of the range, above 0.</param>
/// <param name="MaxRate">Upper end of the range, above <see cref="MinRate"/>.</param>
/// <param name="Warmup">Warm-up before the search; null = none.</param>
/// <param name="Seed">Seed of the job; streams of random numbers are derived from it by name.</param>
/// <param name="Parallelism">How many candidates are planned at once (`parallelTrialCount`), at least 1.</param>
public sealed record SearchProblem(
    long Steps,
    double MinRate,
    double MaxRate,
    WarmupPlan? Warmup,
    long Seed,
    int Parallelism);

/// <summary>
/// Linear warm-up: the rate at step t &lt; Steps is From + (To − From)(t + 1)/Steps.
/// </summary>
public sealed record WarmupPlan(long Steps, double From, double To);

/// <summary>Which losses a search looks at.</summary>
public enum SearchSignal
{
    /// <summary>Training losses of every step: free.</summary>
    Training,

    /// <summary>Validation losses over the probe subset: they cost evaluation steps.</summary>
    Validation,
}

/// <summary>Settings of `autolrs` and, with other defaults, of `autolrs-reference`.</summary>
/// <param name="StageSteps">τ, steps of the first stage.</param>
/// <param name="Growth">How much longer each stage is than the last, at least 1.</param>
/// <param name="MaxStageSteps">Longest stage; null = no bound.</param>
/// <param name="ProbeSteps">τ′, steps of a probe of a stage of StageSteps; grows with the stage. Below StageSteps.</param>
/// <param name="Candidates">k, rates tried a stage.</param>
/// <param name="Signal">Which losses are forecast.</param>
/// <param name="Kappa">κ of the lower confidence bound (`autolrs-reference`).</param>
/// <param name="Racing">Whether candidates race in rounds, the worse half ending early (`autolrs`).</param>
/// <param name="Anneal">Whether the first stage is chosen by cooling down, later ones look up, and the last half of the steps decays to 0 (`autolrs`).</param>
/// <param name="FirstProbeSteps">Steps of a probe of the first stage, below StageSteps; null = ProbeSteps.</param>
public sealed record AutoLrsSettings(
    long StageSteps,
    double Growth,
    long? MaxStageSteps,
    long ProbeSteps,
    int Candidates,
    SearchSignal Signal,
    double Kappa,
    bool Racing = true,
    bool Anneal = true,
    long? FirstProbeSteps = null);
