namespace Orchestrator.Bo.Surrogates;

// Notation
//   q [D]   inverse squared length scales (ARD), one a dimension
//   r       √(Σ qᵢ (xᵢ − x'ᵢ)²), the scaled distance
//   k(r)    (1 + √5 r + 5r²/3) exp(−√5 r)                     Matérn 5/2, Rasmussen and Williams (4.17)
//   k'(r²)  −(5/6)(1 + √5 r) exp(−√5 r)                       its derivative by r², finite at 0 too

/// <summary>The Matérn 5/2 kernel: twice differentiable, as losses are in the logarithm of a rate, and no smoother.</summary>
internal static class Matern52
{
    private static readonly double Root5 = Math.Sqrt(5);

    /// <summary>r², with <paramref name="inverse"/> = q.</summary>
    public static double SquaredDistance(ReadOnlySpan<double> x, ReadOnlySpan<double> y, ReadOnlySpan<double> inverse)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double difference = x[i] - y[i];
            sum += inverse[i] * difference * difference;
        }

        return sum;
    }

    /// <summary>k, from r².</summary>
    public static double Value(double squaredDistance)
    {
        double scaled = Root5 * Math.Sqrt(squaredDistance);
        return (1 + scaled + (5 * squaredDistance / 3)) * Math.Exp(-scaled);
    }

    /// <summary>dk/d(r²), from r².</summary>
    public static double Slope(double squaredDistance)
    {
        double scaled = Root5 * Math.Sqrt(squaredDistance);
        return -5.0 / 6 * (1 + scaled) * Math.Exp(-scaled);
    }
}
