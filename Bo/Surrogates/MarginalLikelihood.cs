using Orchestrator.Bo.Numerics;

namespace Orchestrator.Bo.Surrogates;

// Notation
//   X [n, D]  inputs in the unit cube;  y [n] standardised targets;  v [n] their stated noise variances
//   K [n, n]  s·k(xᵢ, xⱼ) + δᵢⱼ(vᵢ + σ²)
//   α [n]     K⁻¹y
//
//   log p(y)        −½ yᵀα − ½ log|K| − (n/2) log 2π            Rasmussen and Williams (2.30)
//   ∂ log p/∂θ      ½ tr((ααᵀ − K⁻¹) ∂K/∂θ)                     (5.9)
//   ∂K/∂log qᵢ      s·k'(r²)·qᵢ(xᵢ − x'ᵢ)²;  ∂K/∂log s = s·k;  ∂K/∂log(σ² − least) = (σ² − least)·I

/// <summary>Log posterior density of hyperparameters: marginal likelihood of the targets and prior, with gradient.</summary>
internal sealed class MarginalLikelihood(double[][] x, double[] y, double[] variances)
{
    /// <summary>The covariance K of the observations.</summary>
    public double[,] Covariance(Hyperparameters h)
    {
        int n = x.Length;
        var matrix = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double value = h.Signal * Matern52.Value(Matern52.SquaredDistance(x[i], x[j], h.InverseSquaredLengths));
                matrix[i, j] = value;
                matrix[j, i] = value;
            }

            matrix[i, i] += variances[i] + h.Noise;
        }

        return matrix;
    }

    /// <summary>Log posterior density at θ and its gradient; null where it is not finite.</summary>
    public (double Value, double[] Gradient)? Evaluate(IReadOnlyList<double> theta)
    {
        var h = Hyperparameters.FromLog(theta);
        if (Cholesky.TryFactor(Covariance(h)) is not { } factor)
        {
            return null;
        }

        double[] alpha = factor.Solve(y);
        double fit = 0;
        for (int i = 0; i < y.Length; i++)
        {
            fit += y[i] * alpha[i];
        }

        double value = (-0.5 * (fit + factor.LogDeterminant + (y.Length * Math.Log(2 * Math.PI)))) + HyperparameterPrior.Log(h);
        double[] gradient = Gradient(h, alpha, factor.Inverse());
        HyperparameterPrior.AddGradient(h, gradient);
        return double.IsFinite(value) && gradient.All(double.IsFinite) ? (value, gradient) : null;
    }

    private double[] Gradient(Hyperparameters h, double[] alpha, double[][] inverse)
    {
        int dimension = h.InverseSquaredLengths.Length;
        var gradient = new double[dimension + 2];
        for (int i = 0; i < x.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                // Both (i, j) and (j, i): twice one half.
                double weight = (alpha[i] * alpha[j]) - inverse[i][j];
                double squared = Matern52.SquaredDistance(x[i], x[j], h.InverseSquaredLengths);
                double slope = h.Signal * Matern52.Slope(squared);
                for (int k = 0; k < dimension; k++)
                {
                    double difference = x[i][k] - x[j][k];
                    gradient[k] += weight * slope * h.InverseSquaredLengths[k] * difference * difference;
                }

                gradient[dimension] += weight * h.Signal * Matern52.Value(squared);
            }

            double diagonal = ((alpha[i] * alpha[i]) - inverse[i][i]) / 2;
            gradient[dimension] += diagonal * h.Signal;
            gradient[dimension + 1] += diagonal * (h.Noise - Hyperparameters.LeastNoise);
        }

        return gradient;
    }
}
