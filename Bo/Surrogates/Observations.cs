namespace Orchestrator.Bo.Surrogates;

/// <summary>What a <see cref="GaussianProcess"/> is fitted to.</summary>
public sealed class Observations
{
    /// <summary>Observations of a function over the unit cube.</summary>
    /// <param name="points">X, shape [n, D], n at least 1, within [0, 1].</param>
    /// <param name="targets">y, shape [n], finite.</param>
    /// <param name="deviations">Standard deviation of each target, shape [n], finite, at least 0; null = unknown, all alike.</param>
    public Observations(IReadOnlyList<double[]> points, IReadOnlyList<double> targets, IReadOnlyList<double>? deviations = null)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentNullException.ThrowIfNull(targets);
        if (points.Count == 0 || points.Count != targets.Count || (deviations is not null && deviations.Count != targets.Count))
        {
            throw new ArgumentException("Give at least one point, and as many targets and deviations as points.", nameof(points));
        }

        if (points.Any(point => point.Length != points[0].Length || point.Length == 0 || !point.All(x => x is >= 0 and <= 1)))
        {
            throw new ArgumentException("Points must have the same length, at least 1, and lie within the unit cube.", nameof(points));
        }

        if (!targets.All(double.IsFinite))
        {
            throw new ArgumentException("Targets must be finite.", nameof(targets));
        }

        if (deviations?.All(deviation => double.IsFinite(deviation) && deviation >= 0) == false)
        {
            throw new ArgumentException("Deviations must be finite and at least 0.", nameof(deviations));
        }

        Points = [.. points];
        Targets = [.. targets];
        Deviations = deviations is null ? new double[targets.Count] : [.. deviations];
    }

    /// <summary>X, shape [n, D].</summary>
    public double[][] Points { get; }

    /// <summary>y, shape [n].</summary>
    public double[] Targets { get; }

    /// <summary>Standard deviations of y, shape [n].</summary>
    public double[] Deviations { get; }

    /// <summary>D.</summary>
    public int Dimension => Points[0].Length;
}
