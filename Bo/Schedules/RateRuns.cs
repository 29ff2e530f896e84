namespace Orchestrator.Bo.Schedules;

/// <summary>A learning-rate schedule as a list of <see cref="RateRun"/>s, one after the other.</summary>
public static class RateRuns
{
    /// <summary>Steps of all runs together.</summary>
    public static long TotalSteps(this IReadOnlyList<RateRun> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        long steps = 0;
        for (int i = 0; i < runs.Count; i++)
        {
            steps = checked(steps + runs[i].Steps);
        }

        return steps;
    }

    /// <summary>
    /// The rates of <paramref name="steps"/> steps from position <paramref name="offset"/> on. A run that is cut
    /// keeps its numbers: the same position gives the same bits wherever a segment begins.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The runs are too short.</exception>
    public static IEnumerable<double> Rates(this IReadOnlyList<RateRun> runs, long offset, long steps)
    {
        ArgumentNullException.ThrowIfNull(runs);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(steps, runs.TotalSteps() - offset);
        return Expand(runs, offset, steps);
    }

    /// <summary>The runs cut in two after <paramref name="steps"/> steps, at least 0; both parts have the steps of the whole.</summary>
    public static (IReadOnlyList<RateRun> Before, IReadOnlyList<RateRun> After) CutAfter(this IReadOnlyList<RateRun> runs, long steps)
    {
        ArgumentNullException.ThrowIfNull(runs);
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        var before = new List<RateRun>();
        var after = new List<RateRun>();
        foreach (RateRun run in runs)
        {
            if (run.Steps <= steps)
            {
                before.Add(run);
            }
            else if (steps <= 0)
            {
                after.Add(run);
            }
            else
            {
                (RateRun head, RateRun tail) = run.CutAfter(steps);
                before.Add(head);
                after.Add(tail);
            }

            steps -= run.Steps;
        }

        return (before, after);
    }

    /// <summary>
    /// The runs with <paramref name="warmup"/> before them: its steps lead up to its last rate, which is the first
    /// one after it. Null adds nothing.
    /// </summary>
    public static IReadOnlyList<RateRun> After(this IReadOnlyList<RateRun> runs, Searches.WarmupPlan? warmup)
    {
        ArgumentNullException.ThrowIfNull(runs);
        return warmup is null || warmup.Steps == 0 ? runs : [OfWarmup(warmup), .. runs];
    }

    /// <summary>
    /// The run of a warm-up whose rate at step t &lt; W is from + (to − from)(t + 1)/W. It begins one increment above
    /// <c>from</c>, because a first step at rate 0 would do nothing, and aims one increment above <c>to</c>.
    /// </summary>
    public static RateRun OfWarmup(Searches.WarmupPlan warmup)
    {
        ArgumentNullException.ThrowIfNull(warmup);
        double increment = (warmup.To - warmup.From) / warmup.Steps;
        return new RateRun(warmup.Steps, warmup.From + increment, warmup.To + increment);
    }

    private static IEnumerable<double> Expand(IReadOnlyList<RateRun> runs, long offset, long steps)
    {
        foreach (RateRun run in runs)
        {
            if (steps == 0)
            {
                yield break;
            }

            long last = Math.Min(run.Steps, offset + steps);
            for (long j = offset; j < last; j++)
            {
                yield return run.At(j);
            }

            steps -= Math.Max(0, last - offset);
            offset = Math.Max(0, offset - run.Steps);
        }
    }
}
