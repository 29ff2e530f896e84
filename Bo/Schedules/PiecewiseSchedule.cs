using System.Collections.Immutable;

namespace Orchestrator.Bo.Schedules;

/// <summary>A rate at a step.</summary>
public readonly record struct RatePoint(long Step, double Rate);

/// <summary>What lies between two points of a <see cref="PiecewiseSchedule"/>.</summary>
public enum Interpolation
{
    /// <summary>The rate of the left point.</summary>
    Constant,

    /// <summary>A straight line.</summary>
    Linear,
}

/// <summary>A table of rates at steps; after its last point the rate stays. Points beyond the last step are not reached.</summary>
public sealed record PiecewiseSchedule : Schedule
{
    /// <summary>A table of rates.</summary>
    /// <param name="points">The first at step 0, steps ascending, rates finite and at least 0, one of them above 0.</param>
    /// <param name="interpolation">What lies between two points.</param>
    public PiecewiseSchedule(IReadOnlyList<RatePoint> points, Interpolation interpolation)
    {
        ArgumentNullException.ThrowIfNull(points);
        if (points.Count == 0 || points[0].Step != 0)
        {
            throw new ArgumentException("The first point must be at step 0.", nameof(points));
        }

        for (int i = 1; i < points.Count; i++)
        {
            if (points[i].Step <= points[i - 1].Step)
            {
                throw new ArgumentException(
                    $"Steps must ascend, but {points[i].Step} follows {points[i - 1].Step}.", nameof(points));
            }
        }

        if (points.Any(point => !double.IsFinite(point.Rate) || point.Rate < 0) || points.All(point => point.Rate == 0))
        {
            throw new ArgumentException("Rates must be finite, at least 0, and one of them above 0.", nameof(points));
        }

        Points = [.. points];
        Interpolation = interpolation;
    }

    /// <summary>The table, in order of step.</summary>
    public ImmutableArray<RatePoint> Points { get; }

    /// <summary>What lies between two points.</summary>
    public Interpolation Interpolation { get; }

    /// <inheritdoc/>
    public override double Peak => Points.Max(point => point.Rate);

    /// <inheritdoc/>
    public override double RateAt(long t, long steps)
    {
        int right = 0;
        while (right < Points.Length && Points[right].Step <= t)
        {
            right++;
        }

        RatePoint left = Points[right - 1];
        return right == Points.Length || Interpolation == Interpolation.Constant
            ? left.Rate
            : Run(left, Points[right]).At(t - left.Step);
    }

    private protected override IReadOnlyList<RateRun> Runs(long steps)
    {
        var runs = new List<RateRun>();
        for (int i = 0; i < Points.Length && Points[i].Step < steps; i++)
        {
            RatePoint left = Points[i];
            RateRun run = i + 1 < Points.Length ? Run(left, Points[i + 1]) : Run(left, left with { Step = steps });
            long rest = steps - left.Step;
            runs.Add(run.Steps <= rest ? run : new RateRun(rest, run.From, run.At(rest)));
        }

        return runs;
    }

    private RateRun Run(RatePoint left, RatePoint right) =>
        new(right.Step - left.Step, left.Rate, Interpolation == Interpolation.Constant ? left.Rate : right.Rate);
}
