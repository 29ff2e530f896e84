using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Statistics;
using Orchestrator.Bo.Surrogates;

namespace Orchestrator.Bo.Tests.Surrogates;

/// <summary>
/// A Gaussian process written from the textbook with full matrices and an LU inverse: slow, obvious, and sharing
/// nothing with the one under test.
/// </summary>
internal sealed class DenseProcess
{
    private readonly Observations _observations;
    private readonly Hyperparameters _h;
    private readonly double _mean;
    private readonly double _scale;
    private readonly Vector<double> _y;
    private readonly Matrix<double> _k;
    private readonly Matrix<double> _inverse;

    public DenseProcess(Observations observations, Hyperparameters h)
    {
        (_observations, _h) = (observations, h);
        _mean = observations.Targets.Mean();
        _scale = observations.Targets.PopulationStandardDeviation();
        _y = Vector<double>.Build.Dense([.. observations.Targets.Select(y => (y - _mean) / _scale)]);
        int n = observations.Points.Length;
        _k = Matrix<double>.Build.Dense(n, n, (i, j) => Kernel(observations.Points[i], observations.Points[j]))
            + Matrix<double>.Build.DenseOfDiagonalArray([.. observations.Deviations.Select(d => Math.Pow(d / _scale, 2) + h.Noise)]);
        _inverse = _k.Inverse();
    }

    /// <summary>log N(y; 0, K).</summary>
    public double LogLikelihood => -0.5 * ((_y * _inverse * _y) + Math.Log(_k.Determinant()) + (_y.Count * Math.Log(2 * Math.PI)));

    public double Mean(double[] x) => _mean + (_scale * (Cross(x) * _inverse * _y));

    public double Variance(double[] x) => Covariance(x, x);

    public double Covariance(double[] x, double[] other) =>
        _scale * _scale * (Kernel(x, other) - (Cross(x) * _inverse * Cross(other)));

    private Vector<double> Cross(double[] x) => Vector<double>.Build.Dense([.. _observations.Points.Select(point => Kernel(x, point))]);

    private double Kernel(double[] a, double[] b)
    {
        double d = Math.Sqrt(a.Zip(b, _h.InverseSquaredLengths).Sum(v => v.Third * Math.Pow(v.First - v.Second, 2)));
        return _h.Signal * (1 + (Math.Sqrt(5) * d) + (5.0 / 3 * d * d)) * Math.Exp(-Math.Sqrt(5) * d);
    }
}
