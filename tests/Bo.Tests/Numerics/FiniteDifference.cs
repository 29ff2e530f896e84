namespace Orchestrator.Bo.Tests.Numerics;

/// <summary>Derivatives from values alone: what every analytic gradient is held against.</summary>
internal static class FiniteDifference
{
    /// <summary>f'(x) from four values around x; the error is of the order h⁴ and of rounding over h.</summary>
    public static double Slope(Func<double, double> f, double x, double h) =>
        ((8 * (f(x + h) - f(x - h))) - (f(x + (2 * h)) - f(x - (2 * h)))) / (12 * h);

    /// <summary>The slope of f along coordinate <paramref name="k"/> at a point.</summary>
    public static double Slope(Func<double[], double> f, double[] point, int k, double h) => Slope(
        x =>
        {
            double[] moved = [.. point];
            moved[k] = x;
            return f(moved);
        },
        point[k],
        h);
}
