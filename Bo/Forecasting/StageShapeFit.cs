using MathNet.Numerics.LinearAlgebra;

namespace Orchestrator.Bo.Forecasting;

// Notation as in StageForecaster. x = (m, q, p, a);  columns 1, l·g, −g, −F(rlt)/F(rτ);  G = AᵀWA + ridge, b = AᵀWy

/// <summary>Least squares for one shape, bounds kept by trying each set of unknowns that may be 0.</summary>
internal static class StageShapeFit
{
    private const int Unknowns = 4;

    /// <summary>E, with the penalty, and the forecasts of the targets.</summary>
    public static (double Error, double[] Forecasts) Solve(
        StageForecaster.Seen[] candidates, StageTarget[] targets, double largest, double k, double r, double beta, double end, double ridge, double correlated)
    {
        double whole = Math.Max(Descent(r * end, beta), 1e-9);
        var normal = new double[Unknowns, Unknowns];
        var right = new double[Unknowns];
        double squares = 0;
        var row = new double[Unknowns];
        foreach (StageForecaster.Seen seen in candidates)
        {
            double l = seen.Rate / largest;
            double weight = 1 / (seen.Noise * seen.Noise * correlated);
            for (int i = 0; i < seen.X.Length; i++)
            {
                Row(l, seen.X[i], k, row);
                row[3] = -Descent(r * l * seen.X[i], beta) / whole;
                for (int a = 0; a < Unknowns; a++)
                {
                    right[a] += weight * row[a] * seen.Y[i];
                    for (int b = 0; b <= a; b++)
                    {
                        normal[a, b] += weight * row[a] * row[b];
                    }
                }

                squares += weight * seen.Y[i] * seen.Y[i];
            }
        }

        for (int a = 1; a < Unknowns; a++)
        {
            normal[a, a] += ridge;
        }

        (double gain, double[] x) = Best(normal, right);
        double[] forecasts = [.. targets.Select(target =>
        {
            Row(target.Rate, end, k, row);
            return (row[0] * x[0]) + (row[1] * x[1]) + (row[2] * x[2]) - (Descent(r * target.Spent, beta) / whole * x[3]);
        })];
        return (squares - gain, forecasts);
    }

    private static void Row(double l, double t, double k, double[] row)
    {
        double g = 1 - Math.Exp(-k * t);
        row[0] = 1;
        row[1] = l * g;
        row[2] = -g;
    }

    private static double Descent(double z, double beta) =>
        beta == 0 ? Math.Log(1 + z) : (Math.Pow(1 + z, beta) - 1) / beta;

    /// <summary>
    /// The x that lowers E most: m free, the others at least 0. By how much it lowers yᵀWy is bᵀx, of the unknowns that are
    /// not 0.
    /// </summary>
    private static (double Gain, double[] X) Best(double[,] normal, double[] right)
    {
        double gain = double.NegativeInfinity;
        double[] best = new double[Unknowns];
        for (int free = 0; free < 8; free++)
        {
            int[] active = [0, .. Enumerable.Range(1, Unknowns - 1).Where(j => (free & (1 << (j - 1))) != 0)];
            if (Solve(normal, right, active) is not { } x || active.Skip(1).Any(j => x[j] < 0))
            {
                continue;
            }

            double own = active.Sum(j => right[j] * x[j]);
            if (own > gain)
            {
                (gain, best) = (own, x);
            }
        }

        return (gain, best);
    }

    /// <summary>The unknowns <paramref name="active"/>, the others 0; null where the losses and the ridge leave them open.</summary>
    private static double[]? Solve(double[,] normal, double[] right, int[] active)
    {
        Matrix<double> matrix = Matrix<double>.Build.Dense(
            active.Length, active.Length, (i, j) => normal[Math.Max(active[i], active[j]), Math.Min(active[i], active[j])]);
        Vector<double> solved = matrix.Solve(Vector<double>.Build.Dense(active.Length, i => right[active[i]]));
        if (!solved.All(double.IsFinite))
        {
            return null;
        }

        var x = new double[Unknowns];
        for (int i = 0; i < active.Length; i++)
        {
            x[active[i]] = solved[i];
        }

        return x;
    }
}
