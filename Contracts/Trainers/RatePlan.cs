using System.Text.Json.Serialization;

namespace Orchestrator.Contracts.Trainers;

/// <summary>What sets the learning rate of a segment: a <see cref="RatePlan"/> or a <see cref="RateRule"/>.</summary>
[JsonConverter(typeof(SegmentRatesConverter))]
public abstract record SegmentRates;

/// <summary>
/// The learning rate of each step of a segment: <c>{ "runs": [[n, a, b], …], "offset": k }</c>. Step s of the segment
/// takes position offset + s of the runs. A run is never rewritten when it is cut, since cutting its numbers would
/// change bits: cuts change only which steps are taken.
/// </summary>
[JsonConverter(typeof(RatePlanConverter))]
public sealed record RatePlan : SegmentRates
{
    /// <summary>A plan over whole runs.</summary>
    /// <param name="runs">Runs in order; empty only for a segment of no steps.</param>
    /// <param name="offset">Position of the segment's first step in the runs, 0 … Σ n.</param>
    /// <exception cref="ArgumentException">A run or the offset is out of its range; the message says which and what is allowed.</exception>
    public RatePlan(IReadOnlyList<RateRun> runs, long offset = 0)
    {
        ArgumentNullException.ThrowIfNull(runs);
        long total = 0;
        for (var i = 0; i < runs.Count; i++)
        {
            var (steps, from, to) = runs[i];
            if (steps < 1 || steps > MaxSteps - total)
            {
                throw new ArgumentException($"run {i} has {steps} steps; at least 1, at most {MaxSteps} in all", nameof(runs));
            }

            if (!double.IsFinite(from) || !double.IsFinite(to) || from < 0 || to < 0)
            {
                throw new ArgumentException($"run {i} goes from {from} to {to}; rates are finite and not negative", nameof(runs));
            }

            total += steps;
        }

        if (offset < 0 || offset > total)
        {
            throw new ArgumentException($"offset {offset} lies outside the runs' {total} steps", nameof(offset));
        }

        Runs = runs;
        Offset = offset;
        Steps = total - offset;
    }

    /// <summary>Steps of a plan stay exactly representable as doubles.</summary>
    public const long MaxSteps = 1L << 53;

    /// <summary>The runs, whole, in order.</summary>
    public IReadOnlyList<RateRun> Runs { get; }

    /// <summary>Position of the segment's first step in the runs.</summary>
    public long Offset { get; }

    /// <summary>Steps that the plan covers from its offset on.</summary>
    public long Steps { get; }

    /// <summary>One rate for all steps.</summary>
    public static RatePlan Constant(long steps, double rate) => new([new(steps, rate, rate)]);

    /// <summary>The rate of step <paramref name="step"/> of the segment.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The plan does not cover the step.</exception>
    public double RateAt(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(step, Steps);
        var j = Offset + step;
        foreach (var run in Runs)
        {
            if (j < run.Steps)
            {
                return run.RateAt(j);
            }

            j -= run.Steps;
        }

        throw new InvalidOperationException("the runs are shorter than their sum");
    }

    /// <summary>The rates of steps 0 … <paramref name="steps"/> − 1 of the segment.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The plan is shorter.</exception>
    public double[] Expand(long steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(steps, Steps);
        var rates = new double[steps];
        var (run, j) = Seek(Offset);
        for (var s = 0L; s < steps; s++, j++)
        {
            while (j == Runs[run].Steps)
            {
                run++;
                j = 0;
            }

            rates[s] = Runs[run].RateAt(j);
        }

        return rates;
    }

    /// <summary>
    /// The plan of the segment that is steps <paramref name="start"/> … start + <paramref name="steps"/> − 1 of this
    /// one: runs it does not touch are left out, the others stay as they are. Equal pieces of equal schedules thus have
    /// equal plans, whatever they were cut from.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The plan does not cover these steps.</exception>
    public RatePlan Trim(long start, long steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Steps);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(steps, Steps - start);
        if (steps == 0)
        {
            return new([]);
        }

        var (first, offset) = Seek(Offset + start);
        var last = first;
        for (var covered = Runs[first].Steps - offset; covered < steps; covered += Runs[last].Steps)
        {
            last++;
        }

        return new([.. Runs.Skip(first).Take(last - first + 1)], offset);
    }

    /// <summary>Plans are equal when their runs and offsets are.</summary>
    public bool Equals(RatePlan? other) =>
        other is not null && Offset == other.Offset && Runs.SequenceEqual(other.Runs);

    /// <inheritdoc/>
    public override int GetHashCode() => Runs.Aggregate(Offset.GetHashCode(), HashCode.Combine);

    /// <summary>The run that holds a position, and the step within it; one past the end stays in the last run.</summary>
    private (int Run, long Step) Seek(long position)
    {
        var run = 0;
        while (run < Runs.Count - 1 && position >= Runs[run].Steps)
        {
            position -= Runs[run].Steps;
            run++;
        }

        return (run, position);
    }
}
