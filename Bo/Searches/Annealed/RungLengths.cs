namespace Orchestrator.Bo.Searches.Annealed;

// Notation
//   T       steps after the warm-up; T′ = min(T, 2400) + 0.6 max(0, T − 2400): longer runs need no probes as long
//   n [3]   steps of a probe, n₀ = max(12, 0.0075 T′), n₁ = max(2n₀, 0.03 T′), n₂ = max(2n₁, 0.08 T′)
//   c(n)    its constant part, ⌊(1 − cool-down) n⌋; the rest cools down to 0

/// <summary>How long the probes of each rung are.</summary>
internal sealed class RungLengths
{
    private readonly long[] _steps;
    private readonly double _coolDown;

    /// <param name="settings">Shares of T.</param>
    /// <param name="steps">T.</param>
    /// <param name="doublings">How often rungs 1 and 2 were made twice as long.</param>
    public RungLengths(AnnealedSettings settings, long steps, int doublings)
    {
        double length = Math.Min(steps, settings.LongRun) + (settings.LongShare * Math.Max(0, steps - settings.LongRun));
        long first = Math.Max(settings.LeastProbe, Rounded(settings.Rung0 * length));
        long second = Math.Max(2 * first, Rounded(settings.Rung1 * length)) << doublings;
        long third = Math.Max(2 * second, Rounded(settings.Rung2 * length) << doublings);
        _steps = [first, second, third];
        _coolDown = settings.CoolDown;
    }

    /// <summary>n of a rung.</summary>
    public long this[int rung] => _steps[rung];

    /// <summary>c(n) of a rung.</summary>
    public long Constant(int rung) => Math.Clamp((long)Math.Floor(((1 - _coolDown) * _steps[rung]) + 1e-9), 1, _steps[rung] - 1);

    /// <summary>n − c(n) of a rung.</summary>
    public long CoolDown(int rung) => _steps[rung] - Constant(rung);

    private static long Rounded(double steps) => (long)Math.Round(steps, MidpointRounding.AwayFromZero);
}
