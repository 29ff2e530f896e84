namespace Orchestrator.Bo.Surrogates;

// Notation (of standardised targets)
//   q [D]   inverse squared length scales
//   s       variance of the function
//   σ²      variance of the noise beyond what each observation states
//   θ       (log q₁ … log q_D, log s, log σ²), the coordinates of the fit

/// <summary>Hyperparameters of a <see cref="GaussianProcess"/> of standardised targets.</summary>
/// <param name="InverseSquaredLengths">q, shape [D], above 0.</param>
/// <param name="Signal">s, above 0.</param>
/// <param name="Noise">σ², at least <see cref="LeastNoise"/>.</param>
public sealed record Hyperparameters(double[] InverseSquaredLengths, double Signal, double Noise)
{
    /// <summary>Keeps covariance matrices positive definite.</summary>
    public const double LeastNoise = 1e-6;

    /// <summary>What is believed before any observation, and used where a fit fails: length ½, variance 1, little noise.</summary>
    public static Hyperparameters Default(int dimension) => new([.. Enumerable.Repeat(4.0, dimension)], 1, 1e-3);

    /// <summary>θ, shape [D + 2].</summary>
    internal double[] ToLog() => [.. InverseSquaredLengths.Select(q => Math.Log(q)), Math.Log(Signal), Math.Log(Noise - LeastNoise + 1e-12)];

    /// <summary>The hyperparameters of θ.</summary>
    internal static Hyperparameters FromLog(IReadOnlyList<double> theta)
    {
        int d = theta.Count - 2;
        return new Hyperparameters(
            [.. theta.Take(d).Select(t => Math.Exp(t))], Math.Exp(theta[d]), LeastNoise + Math.Exp(theta[d + 1]));
    }
}
