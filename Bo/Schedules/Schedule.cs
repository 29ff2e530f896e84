namespace Orchestrator.Bo.Schedules;

// Notation
//   N   steps of the schedule, without warm-up
//   t   step, 0 … N − 1;  p = t/N progress in [0, 1)
//   η   peak rate;  f final rate as a share of the peak
//   m   multiplier: the rate is η·m, m(0) = 1 but for piecewise ones

/// <summary>
/// A learning-rate schedule as a formula. It is compiled once to <see cref="RateRun"/>s; the runs, not the formula,
/// are the schedule that is trained with, stored, replayed and exported.
/// </summary>
public abstract record Schedule
{
    /// <summary>How far, as a share of the largest rate, compiled runs may be from the formula.</summary>
    public const double Tolerance = 1e-4;

    /// <summary>The largest rate, above 0.</summary>
    public abstract double Peak { get; }

    /// <summary>The rate by the formula.</summary>
    /// <param name="t">Step, 0 … <paramref name="steps"/>; the last is the limit that is not reached.</param>
    /// <param name="steps">N, at least 1.</param>
    public abstract double RateAt(long t, long steps);

    /// <summary>
    /// The schedule over <paramref name="steps"/> steps as runs, each step within <see cref="Tolerance"/> × peak of the
    /// formula, with as few runs as a greedy search finds.
    /// </summary>
    /// <param name="steps">N, at least 1.</param>
    public IReadOnlyList<RateRun> Compile(long steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        return Runs(steps);
    }

    /// <summary>As <see cref="Compile"/>, steps checked.</summary>
    private protected virtual IReadOnlyList<RateRun> Runs(long steps) =>
        RunCompiler.Compile(t => RateAt(t, steps), 0, steps, Tolerance * Peak);

    private protected static double Positive(double value, string name) => double.IsFinite(value) && value > 0
        ? value
        : throw new ArgumentOutOfRangeException(name, value, "A rate must be finite and above 0.");

    private protected static double Share(double value, string name) => value is >= 0 and <= 1
        ? value
        : throw new ArgumentOutOfRangeException(name, value, "A share must lie between 0 and 1.");
}

/// <summary>m = 1.</summary>
public sealed record ConstantSchedule(double Rate) : Schedule
{
    /// <inheritdoc/>
    public override double Peak { get; } = Positive(Rate, nameof(Rate));

    /// <inheritdoc/>
    public override double RateAt(long t, long steps) => Peak;

    private protected override IReadOnlyList<RateRun> Runs(long steps) => [new RateRun(steps, Peak, Peak)];
}

/// <summary>A schedule that goes from its peak down to a final share of it, m = f + (1 − f)·s(p).</summary>
/// <param name="PeakRate">η.</param>
/// <param name="Final">f, in [0, 1].</param>
public abstract record DecayingSchedule(double PeakRate, double Final) : Schedule
{
    /// <inheritdoc/>
    public override double Peak { get; } = Positive(PeakRate, nameof(PeakRate));

    /// <summary>f, in [0, 1].</summary>
    public double Final { get; } = Share(Final, nameof(Final));

    /// <summary>s, from s(0) = 1 to s(1) = 0.</summary>
    private protected abstract double Decay(double p);

    /// <inheritdoc/>
    public override double RateAt(long t, long steps) => At((double)t / steps);

    private protected double At(double p) => Peak * (Final + ((1 - Final) * Decay(p)));
}

/// <summary>s = 1 − p.</summary>
public sealed record LinearSchedule(double PeakRate, double Final = 0) : DecayingSchedule(PeakRate, Final)
{
    private protected override double Decay(double p) => 1 - p;

    private protected override IReadOnlyList<RateRun> Runs(long steps) => [new RateRun(steps, Peak, Final * Peak)];
}

/// <summary>s = (1 + cos πp)/2 (Loshchilov and Hutter).</summary>
public sealed record CosineSchedule(double PeakRate, double Final = 0) : DecayingSchedule(PeakRate, Final)
{
    private protected override double Decay(double p) => (1 + Math.Cos(Math.PI * p)) / 2;
}

/// <summary>s = z/(1 − d + d·z), z = 1 − p (Chen et al., reflected exponential; d = ½).</summary>
public sealed record RexSchedule(double PeakRate, double Final = 0, double D = 0.5) : DecayingSchedule(PeakRate, Final)
{
    /// <summary>d in [0, 1): 0 is linear, towards 1 the rate stays high longer.</summary>
    public double D { get; } = D is >= 0 and < 1
        ? D
        : throw new ArgumentOutOfRangeException(nameof(D), D, "d must be at least 0 and below 1.");

    private protected override double Decay(double p) => (1 - p) / (1 - D + (D * (1 - p)));
}
