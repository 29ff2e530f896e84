namespace Orchestrator.Bo.Numerics;

// Notation
//   A [n, n]   symmetric matrix;  L [n, n] lower triangle with A = LLᵀ

/// <summary>
/// Cholesky factor of a small symmetric matrix. MathNet's throws where the matrix is not positive definite and
/// allocates on every call; a model fit asks some hundred times for 20 × 20 and has to be told "no" as a value.
/// </summary>
internal sealed class Cholesky
{
    private readonly double[,] _lower;

    private Cholesky(double[,] lower) => _lower = lower;

    public int Size => _lower.GetLength(0);

    /// <summary>log |A|.</summary>
    public double LogDeterminant
    {
        get
        {
            double sum = 0;
            for (int i = 0; i < Size; i++)
            {
                sum += Math.Log(_lower[i, i]);
            }

            return 2 * sum;
        }
    }

    /// <summary>The factor; null if <paramref name="matrix"/> is not positive definite or not finite. Only its lower half is read.</summary>
    public static Cholesky? TryFactor(double[,] matrix)
    {
        int n = matrix.GetLength(0);
        var lower = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = matrix[i, j];
                for (int k = 0; k < j; k++)
                {
                    sum -= lower[i, k] * lower[j, k];
                }

                if (i == j)
                {
                    if (!(sum > 0) || !double.IsFinite(sum))
                    {
                        return null;
                    }

                    lower[i, i] = Math.Sqrt(sum);
                }
                else
                {
                    lower[i, j] = sum / lower[j, j];
                }
            }
        }

        return new Cholesky(lower);
    }

    /// <summary>L⁻¹b.</summary>
    public double[] SolveLower(ReadOnlySpan<double> b)
    {
        var x = new double[Size];
        for (int i = 0; i < x.Length; i++)
        {
            double sum = b[i];
            for (int k = 0; k < i; k++)
            {
                sum -= _lower[i, k] * x[k];
            }

            x[i] = sum / _lower[i, i];
        }

        return x;
    }

    /// <summary>A⁻¹b.</summary>
    public double[] Solve(ReadOnlySpan<double> b)
    {
        double[] x = SolveLower(b);
        for (int i = x.Length - 1; i >= 0; i--)
        {
            double sum = x[i];
            for (int k = i + 1; k < x.Length; k++)
            {
                sum -= _lower[k, i] * x[k];
            }

            x[i] = sum / _lower[i, i];
        }

        return x;
    }

    /// <summary>A⁻¹.</summary>
    public double[,] Inverse()
    {
        int n = Size;
        var inverse = new double[n, n];
        var unit = new double[n];
        for (int j = 0; j < n; j++)
        {
            unit[j] = 1;
            double[] column = Solve(unit);
            unit[j] = 0;
            for (int i = 0; i < n; i++)
            {
                inverse[i, j] = column[i];
            }
        }

        return inverse;
    }
}
