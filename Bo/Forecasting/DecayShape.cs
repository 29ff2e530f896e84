namespace Orchestrator.Bo.Forecasting;

/// <summary>
/// A way in which a loss may decay, u(x) from 1 at the first loss towards 0, scaled so that fits of different shapes
/// have the same two unknowns: v(x) = (u(x) − u(xₙ))/(u* − u(xₙ)) is 0 at the last loss and 1 at the target.
/// </summary>
/// <param name="V">v at the losses, shape [n]; at most 0.</param>
/// <param name="Prior">How much the shape is believed before any loss is seen.</param>
/// <param name="Rate">b of an exponential; null for a power law.</param>
internal sealed record DecayShape(double[] V, double Prior, double? Rate)
{
    private const int Exponentials = 60;
    private const double FastestRate = 0.3;

    /// <summary>A smaller drop, of 1 in all, is none: scaled by it, squares would overflow.</summary>
    private const double LeastDrop = 1e-100;

    private static readonly double[] Powers = [0.1, 0.2, 0.35, 0.5, 0.7, 1, 1.4, 2, 3];
    private static readonly double[] Offsets = [1, 3, 10];

    /// <summary>u = exp(−b(x − x₁)).</summary>
    public static DecayShape Exponential(double b, double[] x, ForecastTarget target) =>
        Scale(step => Math.Exp(-b * (step - x[0])), x, target, 1.0 / Exponentials, b);

    /// <summary>
    /// Exponentials with 60 rates, logarithmic over [1/(10τ), 0.3], τ the distance of the target, and power laws
    /// u = (1 + (x − x₁)/k)^−p; both kinds are believed alike.
    /// </summary>
    public static DecayShape[] Family(double[] x, ForecastTarget target)
    {
        double slowest = Math.Log(1 / (10 * Math.Max(1, target.End - x[0])));
        double step = (Math.Log(FastestRate) - slowest) / (Exponentials - 1);
        double prior = 1.0 / (Powers.Length * Offsets.Length);
        return
        [
            .. Enumerable.Range(0, Exponentials).Select(i => Exponential(Math.Exp(slowest + (i * step)), x, target)),
            .. Powers.SelectMany(p => Offsets.Select(k =>
                Scale(at => Math.Pow(1 + (Math.Max(0, at - x[0]) / k), -p), x, target, prior, rate: null))),
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
