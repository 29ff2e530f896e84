using MathNet.Numerics;

namespace Orchestrator.Bo.Numerics;

// Notation
//   φ, Φ    density and distribution of N(0, 1)
//   h(z)    φ(z) + zΦ(z), the expected excess of N(z, 1) over 0
//
//   z → −∞  Φ = φ/|z| · (1 − 1/z² + 3/z⁴ − 15/z⁶ + …),   h = φ/z² · (1 − 3/z² + 15/z⁴ − 105/z⁶ + …)

/// <summary>
/// Logarithms of the normal distribution and of the expected excess that stay exact where both underflow: at z = −40
/// the excess is e^−808, and an acquisition that is 0 there has no gradient to climb.
/// </summary>
internal static class NormalTail
{
    private const double Direct = -1;
    private const double Asymptotic = -25;
    private static readonly double LogRootTwoPi = 0.5 * Math.Log(2 * Math.PI);

    /// <summary>log φ(z).</summary>
    public static double LogDensity(double z) => (-0.5 * z * z) - LogRootTwoPi;

    /// <summary>log Φ(z).</summary>
    public static double LogDistribution(double z)
    {
        if (z > Asymptotic)
        {
            return Math.Log(0.5 * SpecialFunctions.Erfc(-z / Constants.Sqrt2));
        }

        double u = 1 / (z * z);
        return LogDensity(z) - Math.Log(-z) + Log1p(-u * (1 - (u * (3 - (u * (15 - (105 * u)))))));
    }

    /// <summary>log h(z).</summary>
    public static double LogExcess(double z)
    {
        if (z > Direct)
        {
            double distribution = 0.5 * SpecialFunctions.Erfc(-z / Constants.Sqrt2);
            return Math.Log(Math.Exp(LogDensity(z)) + (z * distribution));
        }

        if (z > Asymptotic)
        {
            // 1 + zΦ/φ loses log₁₀ z² of 16 digits: 3 at the end of this range.
            return LogDensity(z) + Log1p(z * Math.Exp(LogDistribution(z) - LogDensity(z)));
        }

        double u = 1 / (z * z);
        return LogDensity(z) - (2 * Math.Log(-z)) + Log1p(-u * (3 - (u * (15 - (u * (105 - (945 * u)))))));
    }

    /// <summary>d log h/dz = Φ/h, from 0 at +∞ to |z| at −∞.</summary>
    public static double LogExcessSlope(double z) => Math.Exp(LogDistribution(z) - LogExcess(z));

    private static double Log1p(double x) => Math.Abs(x) < 1e-4 ? x * (1 - (x * (0.5 - (x / 3)))) : Math.Log(1 + x);
}
