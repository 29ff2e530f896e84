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
    public static double LogDistribution(double z) => z > Asymptotic
        ? Math.Log(0.5 * SpecialFunctions.Erfc(-z / Constants.Sqrt2))
        : LogDensity(z) - Math.Log(-z) + Math.Log(DistributionSeries(z));

    /// <summary>log h(z).</summary>
    public static double LogExcess(double z)
    {
        if (z > Direct)
        {
            double distribution = 0.5 * SpecialFunctions.Erfc(-z / Constants.Sqrt2);
            return Math.Log(Math.Exp(LogDensity(z)) + (z * distribution));
        }

        // 1 + zΦ/φ loses log₁₀ z² of 16 digits: 3 at the end of its range.
        return z > Asymptotic
            ? LogDensity(z) + SpecialFunctions.Log1p(z * Math.Exp(LogDistribution(z) - LogDensity(z)))
            : LogDensity(z) - (2 * Math.Log(-z)) + Math.Log(ExcessSeries(z));
    }

    /// <summary>d log h/dz = Φ/h, from 0 at +∞ to |z| at −∞.</summary>
    public static double LogExcessSlope(double z) => z > Asymptotic
        ? Math.Exp(LogDistribution(z) - LogExcess(z))
        : -z * DistributionSeries(z) / ExcessSeries(z);

    private static double DistributionSeries(double z)
    {
        double u = 1 / (z * z);
        return 1 - (u * (1 - (u * (3 - (u * (15 - (105 * u)))))));
    }

    private static double ExcessSeries(double z)
    {
        double u = 1 / (z * z);
        return 1 - (u * (3 - (u * (15 - (u * (105 - (945 * u)))))));
    }
}
