namespace Orchestrator.Bo.Schedules;

/// <summary>How a <see cref="StableDecaySchedule"/> comes down.</summary>
public enum DecayShape
{
    /// <summary>s = 1 − q.</summary>
    Linear,

    /// <summary>s = 1 − √q: drops fast at first.</summary>
    OneMinusSqrt,
}

/// <summary>
/// Warm-up-stable-decay without the warm-up: the peak for N − D steps, then D steps of decay with q = (t − N + D)/D.
/// D is the share of the decay times N, to the nearest step and at least 1, so that both parts are whole steps.
/// </summary>
/// <param name="PeakRate">η.</param>
/// <param name="Final">f, in [0, 1].</param>
/// <param name="DecayFraction">Share of the steps that decay, above 0, at most 1.</param>
/// <param name="Shape">How it comes down.</param>
public sealed record StableDecaySchedule(
    double PeakRate,
    double Final = 0,
    double DecayFraction = 0.2,
    DecayShape Shape = DecayShape.OneMinusSqrt) : DecayingSchedule(PeakRate, Final)
{
    /// <summary>Share of the steps that decay, above 0, at most 1.</summary>
    public double DecayFraction { get; } = DecayFraction is > 0 and <= 1
        ? DecayFraction
        : throw new ArgumentOutOfRangeException(
            nameof(DecayFraction), DecayFraction, "The share of the decay must be above 0 and at most 1.");

    private protected override double Decay(double p) => Shape == DecayShape.Linear ? 1 - p : 1 - Math.Sqrt(p);

    /// <inheritdoc/>
    public override double RateAt(long t, long steps)
    {
        long decay = DecaySteps(steps);
        return t <= steps - decay ? Peak : At((double)(t - steps + decay) / decay);
    }

    private protected override IReadOnlyList<RateRun> Runs(long steps)
    {
        long hold = steps - DecaySteps(steps);
        IReadOnlyList<RateRun> decay = Shape == DecayShape.Linear
            ? [new RateRun(steps - hold, Peak, Final * Peak)]
            : RunCompiler.Compile(t => RateAt(t, steps), hold, steps, Tolerance * Peak);
        return hold == 0 ? decay : [new RateRun(hold, Peak, Peak), .. decay];
    }

    private long DecaySteps(long steps) =>
        Math.Clamp((long)Math.Round(DecayFraction * steps, MidpointRounding.AwayFromZero), 1, steps);
}
