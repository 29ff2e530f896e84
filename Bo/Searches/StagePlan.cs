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
}

/// <summary>
/// How the steps after the warm-up are cut into stages: each <c>growth</c> times as long as the last, up to a longest;
/// what is left over at the end, and is no stage of its own, belongs to the last one.
/// </summary>
internal sealed class StagePlan
{
    private readonly List<StageSpan> _stages = [];

    public StagePlan(SearchProblem problem, AutoLrsSettings settings)
    {
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
            long probe = Math.Clamp((long)((double)settings.ProbeSteps * steps / settings.StageSteps), 1, steps - 1);
            _stages.Add(new StageSpan(start, steps, probe, atLongest ? SearchSignal.Validation : settings.Signal));
            start += steps;
        }
    }

    /// <summary>Number of stages, at least 1.</summary>
    public int Count => _stages.Count;

    /// <summary>Stage number <paramref name="index"/>, from 0.</summary>
    public StageSpan this[int index] => _stages[index];

    private static long Bounded(double length, long? longest) =>
        Math.Max(2, Math.Min((long)Math.Round(length), longest ?? long.MaxValue));
}
