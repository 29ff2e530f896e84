using CsCheck;
using Orchestrator.Bo.Numerics;

namespace Orchestrator.Bo.Tests.Numerics;

public sealed class CholeskyTests
{
    private static readonly double[,] Known = { { 4, 12, -16 }, { 12, 37, -43 }, { -16, -43, 98 } };

    [Fact]
    public void A_known_matrix_has_its_known_determinant_and_inverse()
    {
        var factor = Cholesky.TryFactor(Known)!;
        Assert.Equal(Math.Log(36), factor.LogDeterminant, 1e-12);
        double[][] expected = [[1777.0 / 36, -122.0 / 9, 19.0 / 9], [-122.0 / 9, 34.0 / 9, -5.0 / 9], [19.0 / 9, -5.0 / 9, 1.0 / 9]];
        double[][] inverse = factor.Inverse();
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(expected[i], inverse[i], (x, y) => Math.Abs(x - y) < 1e-9);
        }
    }

    [Fact]
    public void Solving_undoes_multiplying()
    {
        double[] x = [1, -2, 3];
        double[] b = [.. Enumerable.Range(0, 3).Select(i => Enumerable.Range(0, 3).Sum(j => Known[i, j] * x[j]))];
        Assert.Equal(x, Cholesky.TryFactor(Known)!.Solve(b), (a, c) => Math.Abs(a - c) < 1e-10);
    }

    [Fact]
    public void What_is_not_positive_definite_or_not_finite_has_no_factor()
    {
        Assert.Null(Cholesky.TryFactor(new double[,] { { 1, 2 }, { 2, 1 } }));
        Assert.Null(Cholesky.TryFactor(new double[,] { { 0, 0 }, { 0, 0 } }));
        Assert.Null(Cholesky.TryFactor(new double[,] { { -1 } }));
        Assert.Null(Cholesky.TryFactor(new double[,] { { 1, double.NaN }, { double.NaN, 1 } }));
        Assert.Null(Cholesky.TryFactor(new double[,] { { double.NaN } }));
        Assert.Null(Cholesky.TryFactor(new double[,] { { double.PositiveInfinity, 0 }, { 0, 1 } }));
    }

    [Fact]
    public void Any_sum_of_squares_with_a_little_on_its_diagonal_has_a_factor_that_solves_it() =>
        Gen.Select(Gen.Double[-3, 3].Array2D[30, 30], Gen.Double[-5, 5].Array[30]).Sample(
            (a, b) =>
            {
                double[,] matrix = Square(a);
                double[] x = Cholesky.TryFactor(matrix)!.Solve(b);
                for (int i = 0; i < b.Length; i++)
                {
                    Assert.Equal(b[i], Enumerable.Range(0, b.Length).Sum(j => matrix[i, j] * x[j]), 1e-8);
                }
            },
            iter: 50);

    [Fact]
    public void The_same_matrix_gives_the_same_bits_on_any_number_of_threads()
    {
        // 150: MathNet spreads a factorisation of this size over threads.
        var random = RandomStreams.Generator(1, "cholesky", 0);
        var a = new double[150, 150];
        for (int i = 0; i < a.Length; i++)
        {
            a[i / 150, i % 150] = random.NextDouble();
        }

        double[] b = [.. Enumerable.Range(0, 150).Select(_ => random.NextDouble())];
        double[] expected = Cholesky.TryFactor(Square(a))!.Solve(b);
        double[][] results = [.. Enumerable.Range(0, 16).AsParallel().Select(_ => Cholesky.TryFactor(Square(a))!.Solve(b))];
        Assert.All(results, result => Assert.Equal(expected, result));
    }

    /// <summary>aaᵀ + ½I.</summary>
    private static double[,] Square(double[,] a)
    {
        int n = a.GetLength(0);
        var matrix = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = i == j ? 0.5 : 0;
                for (int k = 0; k < n; k++)
                {
                    sum += a[i, k] * a[j, k];
                }

                matrix[i, j] = sum;
                matrix[j, i] = sum;
            }
        }

        return matrix;
    }
}
