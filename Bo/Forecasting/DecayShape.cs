namespace Orchestrator.Bo.Forecasting;

/// <summary>
/// A way in which a loss may decay, u(x) from 1 at the first loss towards 0, scaled so that fits of different shapes
/// have the same two unknowns: v(x) = (u(x) − u(xₙ))/(u* − u(xₙ)) is 0 at the last loss and 1 at the target.
/// </summary>
/// <param name="V">v at the losses, shape [n]; at most 0.</param>
/// <param name="Prior">How much the shape is believed before any loss is seen.</param>
/// <param name="Rate">b of an exponential; null for other shapes.</param>
internal sealed record DecayShape(double[] V, double Prior, double? Rate)
{
    private const int Exponentials = 60;
    private const double FastestRate = 0.3;

    /// <summary>A smaller drop, of 1 in all, is none: scaled by it, squares would overflow.</summary>
    private const double LeastDrop = 1e-100;

    private static readonly double[] Powers = [0.1, 0.2, 0.35, 0.5, 0.7, 1, 1.4, 2, 3];
    private static readonly double[] Offsets = [1, 3, 10];
    private static readonly double[] Stretches = [0.3, 0.5, 0.7];
    private static readonly double[] Steepnesses = [0.5, 1, 2];

    /// <summary>Of the target's distance: where a stretched exponential or a Hill curve bends.</summary>
    private static readonly double[] Scales = [0.01, 0.03, 0.1, 0.3, 1];

    /// <summary>u = exp(−b(x − x₁)).</summary>
    public static DecayShape Exponential(double b, double[] x, ForecastTarget target) =>
        Scale(step => Math.Exp(-b * (step - x[0])), x, target, 1.0 / Exponentials, b);

    /// <summary>
    /// The families of learning curves, all believed alike (t = x − x₁, τ the distance of the target):
    /// exponentials with 60 rates, logarithmic over [1/(10τ), 0.3]; power laws u = (1 + t/k)^−p (pow3, pow4); stretched
    /// exponentials u = exp(−(t/k)^p) (Weibull, Janoschek, exp4); Hill curves u = 1/(1 + (t/k)^p) (MMF, Hill, log power);
    /// inverse logarithms u = 1/ln(e + t/k) (ilog2).
    /// </summary>
    public static DecayShape[] Family(double[] x, ForecastTarget target)
    {
        double slowest = Math.Log(1 / (10 * Math.Max(1, target.End - x[0])));
        double step = (Math.Log(FastestRate) - slowest) / (Exponentials - 1);
        double length = Math.Max(1, target.End - x[0]);
        double[] scales = [.. Scales.Select(scale => scale * length)];
        IEnumerable<DecayShape> Shapes(double[] powers, double[] scales, Func<double, double, double> u) => powers.SelectMany(p => scales.Select(k =>
            Scale(at => u(Math.Max(0, at - x[0]) / k, p), x, target, 1.0 / (powers.Length * scales.Length), rate: null)));
        return
        [
            .. Enumerable.Range(0, Exponentials).Select(i => Exponential(Math.Exp(slowest + (i * step)), x, target)),
            .. Shapes(Powers, Offsets, (z, p) => Math.Pow(1 + z, -p)),
            .. Shapes(Stretches, scales, (z, p) => Math.Exp(-Math.Pow(z, p))),
            .. Shapes(Steepnesses, scales, (z, p) => 1 / (1 + Math.Pow(z, p))),
            .. Shapes([1], [0.1, .. Offsets], (z, _) => 1 / Math.Log(Math.E + z)),
        ];
    }

    private static DecayShape Scale(Func<double, double> u, double[] x, ForecastTarget target, double prior, double? rate)
    {
        double last = u(x[^1]);
        double drop = target.Mean(u) - last;

        // A decay that is over before the last loss, or a target that is not beyond it, leaves nothing to drop.
        return new DecayShape([.. x.Select(step => drop < -LeastDrop ? (u(step) - last) / drop : 0)], prior, rate);
    }
}
