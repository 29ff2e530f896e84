namespace Orchestrator.Bo.Searches;

/// <summary>A decision interval of a stagewise search.</summary>
/// <param name="Start">First step within the trial.</param>
/// <param name="Steps">τ, its length.</param>
/// <param name="ProbeSteps">τ′, steps a candidate is tried, below <paramref name="Steps"/>.</param>
/// <param name="Signal">Which losses are forecast.</param>
internal readonly record struct StageSpan(long Start, long Steps, long ProbeSteps, SearchSignal Signal)
{
    /// <summary>One past its last step.</summary>
    public long End => Start + Steps;

    /// <summary>Over how many of its last steps it is judged.</summary>
    public long Window => Searches.Signal.Window(Steps);

    /// <summary>Between validations of a probe: 16 a probe, as the paper has it.</summary>
    public long ValidateEvery => Signal == SearchSignal.Validation ? Math.Max(1, ProbeSteps / 16) : 0;

    /// <summary>What came of the stage, from the stretch that ends it; <see cref="Realise"/> says how it is measured.</summary>
    public double? Realised(StretchResult path)
    {
        StageSpan stage = this;
        return Signal == SearchSignal.Training
            ? Searches.Signal.Tail(path.Losses, Window)
            : Searches.Signal.Tail([.. path.Validations.Where(v => v.Step > stage.End - stage.Window).Select(v => v.Loss)], Window);
    }

    /// <summary>Records what came of it.</summary>
    public RealiseStage Realise(int stage, double? realised) => new(stage, realised, Signal == SearchSignal.Training
        ? $"Mean training loss over the last {Window} steps of the stage."
        : "Validation loss at the end of the stage.");
}

/// <summary>
/// How the steps after the warm-up are cut into stages: each <c>growth</c> times as long as the last, up to a longest;
/// what is left over at the end, and is no stage of its own, belongs to the last one.
/// </summary>
internal sealed class StagePlan
{
    private readonly List<StageSpan> _stages = [];

    /// <summary>Cuts the stages of a stagewise search.</summary>
    /// <exception cref="ArgumentException">The range is none, there are fewer than 2 candidates, or stages do not fit.</exception>
    public StagePlan(SearchProblem problem, AutoLrsSettings settings)
    {
        Check(problem, settings);
        long start = problem.Warmup?.Steps ?? 0;
        if (settings.StageSteps > problem.Steps - start || settings.ProbeSteps >= settings.StageSteps || settings.ProbeSteps < 1)
        {
            throw new ArgumentException(
                $"A stage of {settings.StageSteps} steps with probes of {settings.ProbeSteps} does not fit {problem.Steps - start} steps: 1 ≤ probe < stage ≤ steps is wanted.",
                nameof(settings));
        }

        double length = settings.StageSteps;
        while (start < problem.Steps)
        {
            long steps = Bounded(length, settings.MaxStageSteps);
            length = Math.Min(length * settings.Growth, problem.Steps);
            if (problem.Steps - start - steps < Bounded(length, settings.MaxStageSteps))
            {
                steps = problem.Steps - start;
            }

            bool atLongest = settings.MaxStageSteps is { } longest && steps >= longest;
            double share = _stages.Count == 0 ? settings.FirstProbeSteps ?? settings.ProbeSteps : settings.ProbeSteps;
            long probe = Math.Clamp((long)(share * steps / settings.StageSteps), 1, steps - 1);
            _stages.Add(new StageSpan(start, steps, probe, atLongest ? SearchSignal.Validation : settings.Signal));
            start += steps;
        }
    }

    /// <summary>Number of stages, at least 1.</summary>
    public int Count => _stages.Count;

    /// <summary>Stage number <paramref name="index"/>, from 0.</summary>
    public StageSpan this[int index] => _stages[index];

    private static void Check(SearchProblem problem, AutoLrsSettings settings)
    {
        if (!(problem.MinRate > 0) || !(problem.MinRate < problem.MaxRate) || !double.IsFinite(problem.MaxRate))
        {
            throw new ArgumentException(
                $"The range goes from {problem.MinRate} to {problem.MaxRate}; finite ends with 0 < min < max are wanted.", nameof(problem));
        }

        if (settings.Candidates < 2)
        {
            throw new ArgumentException($"{settings.Candidates} candidates were asked for; at least 2 are wanted.", nameof(settings));
        }
    }

    private static long Bounded(double length, long? longest) =>
        Math.Max(2, Math.Min((long)Math.Round(length), longest ?? long.MaxValue));
}
