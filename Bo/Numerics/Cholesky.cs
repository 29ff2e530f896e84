using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace Orchestrator.Bo.Numerics;

/// <summary>
/// MathNet's Cholesky factor A = LLᵀ of a symmetric matrix, shape [n, n]. MathNet throws where there is none; to a fit
/// that is an answer, so here it is a value. The same bits every time: MathNet's managed provider sums in one order.
/// </summary>
internal sealed class Cholesky
{
    private readonly Cholesky<double> _factor;

    private Cholesky(Cholesky<double> factor) => _factor = factor;

    /// <summary>log |A|.</summary>
    public double LogDeterminant => _factor.DeterminantLn;

    /// <summary>The factor; null if <paramref name="matrix"/> is not positive definite or not finite.</summary>
    public static Cholesky? TryFactor(double[,] matrix)
    {
        try
        {
            var factor = new Cholesky(DenseMatrix.OfArray(matrix).Cholesky());
            return double.IsFinite(factor.LogDeterminant) ? factor : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>A⁻¹b.</summary>
    public double[] Solve(double[] b) => _factor.Solve(Vector<double>.Build.Dense(b)).AsArray();

    /// <summary>A⁻¹, by columns: MathNet would spread them over threads, which costs more than it saves.</summary>
    public double[][] Inverse()
    {
        var inverse = new double[_factor.Factor.RowCount][];
        for (int j = 0; j < inverse.Length; j++)
        {
            var unit = new double[inverse.Length];
            unit[j] = 1;
            inverse[j] = Solve(unit);
        }

        return inverse;
    }
}
