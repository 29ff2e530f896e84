namespace Orchestrator.Bo.Surrogates;

/// <summary>
/// Log prior density of hyperparameters, up to a constant: −(0.1/q + 0.1 q) a length, Gamma(2, 1) for the variance of
/// the function, Gamma(1.1, 30) for the noise. Weak, but proper: with few observations the likelihood alone runs off.
/// </summary>
internal static class HyperparameterPrior
{
    private const double Length = 0.1;
    private const double NoiseShape = 1.1;
    private const double NoiseRate = 30;

    /// <summary>The log density.</summary>
    public static double Log(Hyperparameters h) =>
        h.InverseSquaredLengths.Sum(q => -(Length / q) - (Length * q))
        + Math.Log(h.Signal) - h.Signal
        + ((NoiseShape - 1) * Math.Log(h.Noise)) - (NoiseRate * h.Noise);

    /// <summary>Adds its gradient by θ to <paramref name="gradient"/>, shape [D + 2].</summary>
    public static void AddGradient(Hyperparameters h, double[] gradient)
    {
        int d = h.InverseSquaredLengths.Length;
        for (int i = 0; i < d; i++)
        {
            double q = h.InverseSquaredLengths[i];
            gradient[i] += (Length / q) - (Length * q);
        }

        gradient[d] += 1 - h.Signal;
        gradient[d + 1] += (((NoiseShape - 1) / h.Noise) - NoiseRate) * (h.Noise - Hyperparameters.LeastNoise);
    }
}
