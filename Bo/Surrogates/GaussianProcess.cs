using Orchestrator.Bo.Numerics;

namespace Orchestrator.Bo.Surrogates;

// Notation as in MarginalLikelihood; for a new point x
//   k* [n]     s·k(x, xᵢ)
//   mean       k*ᵀα
//   variance   s − k*ᵀK⁻¹k*, of the function, without noise
// in standardised units; y = offset + scale · standardised.

/// <summary>
/// A Gaussian process over the unit cube: Matérn 5/2, one length scale a dimension, a noise variance for each
/// observation. Immutable; predictions are thread-safe.
/// </summary>
public sealed class GaussianProcess
{
    /// <summary>A target whose stated variance is this many times that of all targets says nothing already.</summary>
    private const double MostVariance = 1e12;

    private readonly double[][] _points;
    private readonly double[] _alpha;
    private readonly Cholesky _factor;
    private readonly double _offset;
    private readonly double _scale;

    private GaussianProcess(
        double[][] points, double[] alpha, Cholesky factor, double offset, double scale, Hyperparameters hyperparameters, FitQuality quality)
    {
        _points = points;
        _alpha = alpha;
        _factor = factor;
        _offset = offset;
        _scale = scale;
        Hyperparameters = hyperparameters;
        Quality = quality;
    }

    /// <summary>X, the observed points, shape [n, D].</summary>
    internal IReadOnlyList<double[]> Points => _points;

    /// <summary>Standard deviation of the function where nothing was observed, in the units of the targets.</summary>
    internal double PriorDeviation => _scale * Math.Sqrt(Hyperparameters.Signal);

    /// <summary>Hyperparameters of the standardised targets.</summary>
    public Hyperparameters Hyperparameters { get; }

    /// <summary>How they were found.</summary>
    public FitQuality Quality { get; }

    /// <summary>
    /// Fits hyperparameters by maximum a posteriori, from two starts. Always gives a process: where a fit fails, one
    /// with default hyperparameters. Deterministic, bounded by iterations.
    /// </summary>
    public static GaussianProcess Fit(Observations observations)
    {
        ArgumentNullException.ThrowIfNull(observations);
        (double[] y, double[] variances, double offset, double scale) = Standardise(observations);
        var likelihood = new MarginalLikelihood(observations.Points, y, variances);
        (Hyperparameters h, FitQuality quality) = HyperparameterFit.Maximise(likelihood, observations.Dimension);
        Cholesky? factor = Cholesky.TryFactor(likelihood.Covariance(h));
        if (factor is null)
        {
            (h, quality) = (Hyperparameters.Default(observations.Dimension), FitQuality.Default);
            factor = Cholesky.TryFactor(likelihood.Covariance(h))
                ?? throw new InvalidOperationException("A covariance with noise on its diagonal is positive definite.");
        }

        return new GaussianProcess(observations.Points, factor.Solve(y), factor, offset, scale, h, quality);
    }

    /// <summary>The process with given hyperparameters, of standardised targets.</summary>
    /// <exception cref="ArgumentException">Their covariance is not positive definite.</exception>
    public static GaussianProcess With(Observations observations, Hyperparameters hyperparameters)
    {
        ArgumentNullException.ThrowIfNull(observations);
        ArgumentNullException.ThrowIfNull(hyperparameters);
        (double[] y, double[] variances, double offset, double scale) = Standardise(observations);
        var likelihood = new MarginalLikelihood(observations.Points, y, variances);
        Cholesky factor = Cholesky.TryFactor(likelihood.Covariance(hyperparameters))
            ?? throw new ArgumentException("These hyperparameters give no positive definite covariance.", nameof(hyperparameters));
        return new GaussianProcess(observations.Points, factor.Solve(y), factor, offset, scale, hyperparameters, FitQuality.Given);
    }

    /// <summary>Mean and variance of the function (without noise) at a point.</summary>
    /// <param name="x">Shape [D].</param>
    public Prediction Predict(double[] x)
    {
        double[] cross = Cross(x);
        double explained = Dot(cross, _factor.Solve(cross));
        return new Prediction(
            _offset + (_scale * Dot(cross, _alpha)), _scale * _scale * Math.Max(0, Hyperparameters.Signal - explained));
    }

    /// <summary>Covariance of the function at two points, given the observations.</summary>
    public double Covariance(double[] x, double[] other)
    {
        double prior = Hyperparameters.Signal
            * Matern52.Value(Matern52.SquaredDistance(x, other, Hyperparameters.InverseSquaredLengths));
        return _scale * _scale * (prior - Dot(Cross(x), _factor.Solve(Cross(other))));
    }

    /// <summary>Gradients of mean and variance by the point, shape [D] each.</summary>
    public PredictionGradient Gradient(double[] x)
    {
        ArgumentNullException.ThrowIfNull(x);
        double[] weighted = _factor.Solve(Cross(x));
        var mean = new double[x.Length];
        var variance = new double[x.Length];
        for (int i = 0; i < _points.Length; i++)
        {
            double slope = Hyperparameters.Signal
                * Matern52.Slope(Matern52.SquaredDistance(x, _points[i], Hyperparameters.InverseSquaredLengths));
            for (int k = 0; k < x.Length; k++)
            {
                double cross = slope * 2 * Hyperparameters.InverseSquaredLengths[k] * (x[k] - _points[i][k]);
                mean[k] += _scale * cross * _alpha[i];
                variance[k] -= 2 * _scale * _scale * cross * weighted[i];
            }
        }

        return new PredictionGradient(mean, variance);
    }

    private double[] Cross(double[] x) => [.. _points.Select(point =>
        Hyperparameters.Signal * Matern52.Value(Matern52.SquaredDistance(x, point, Hyperparameters.InverseSquaredLengths)))];

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    private static (double[] Targets, double[] Variances, double Offset, double Scale) Standardise(Observations observations)
    {
        double[] y = observations.Targets;
        double offset = y.Average();
        double deviation = Math.Sqrt(y.Average(target => (target - offset) * (target - offset)));

        // Equal targets have no scale of their own; their stated noise, or their size, is the next best.
        double stated = observations.Deviations.Average();
        double scale = deviation > 1e-12 * Math.Abs(offset) ? deviation
            : stated > 0 ? stated
            : Math.Max(1e-6 * Math.Abs(offset), 1e-12);
        return (
            [.. y.Select(target => (target - offset) / scale)],
            [.. observations.Deviations.Select(d => Math.Min(d / scale * (d / scale), MostVariance))],
            offset,
            scale);
    }
}

/// <summary>Mean and variance of the function at a point.</summary>
public readonly record struct Prediction(double Mean, double Variance)
{
    /// <summary>√Variance.</summary>
    public double Deviation => Math.Sqrt(Variance);
}

/// <summary>Gradients of a <see cref="Prediction"/>, shape [D] each.</summary>
public readonly record struct PredictionGradient(double[] Mean, double[] Variance);

/// <summary>How hyperparameters were found.</summary>
public enum FitQuality
{
    /// <summary>At a maximum of the posterior.</summary>
    Converged,

    /// <summary>The best that was seen before iterations or line search ended.</summary>
    Stopped,

    /// <summary>The fit failed, and the defaults are used.</summary>
    Default,

    /// <summary>They were given.</summary>
    Given,
}
