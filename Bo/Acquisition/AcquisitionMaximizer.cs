using Orchestrator.Bo.Numerics;
using Orchestrator.Bo.Surrogates;

namespace Orchestrator.Bo.Acquisition;

/// <summary>
/// Finds the point of the unit cube that is most worth trying: all points of a space-filling set, then climbs along the
/// gradient from the best few of them and from the observed points with the lowest means, beside which a peak may be too
/// narrow for the set to hit. Deterministic, bounded by iterations.
/// </summary>
public static class AcquisitionMaximizer
{
    private const int GridPerDimension = 200;
    private const int MostGrid = 2000;
    private const int GridClimbs = 4;
    private const int IncumbentClimbs = 2;
    private const int Iterations = 30;
    private const double GradientTolerance = 1e-6;

    /// <summary>Below this share of the prior's deviation a point is known, and another try at it says nothing.</summary>
    private const double LeastDeviation = 1e-9;

    /// <summary>The best point, shape [D], within [0, 1].</summary>
    /// <param name="process">What predicts.</param>
    /// <param name="acquisition">What a prediction is worth.</param>
    /// <param name="dimension">D.</param>
    /// <param name="accept">Points that may be suggested; null = all. If it accepts none, the best of all is given.</param>
    public static double[] Maximize(
        GaussianProcess process, IAcquisition acquisition, int dimension, Func<double[], bool>? accept = null)
    {
        ArgumentNullException.ThrowIfNull(process);
        ArgumentNullException.ThrowIfNull(acquisition);
        double[][] grid = SpaceFilling.Points(dimension, Math.Min(MostGrid, GridPerDimension * dimension));
        var ranked = grid.Select(point => new Start(point, Worth(process, acquisition, point, out _).Value)).OrderByDescending(g => g.Value).ToList();
        var incumbents = process.Points.OrderBy(point => process.Predict(point).Mean).Take(IncumbentClimbs)
            .Select(point => new Start(point, Worth(process, acquisition, point, out _).Value));
        var climbed = ranked.Take(GridClimbs).Concat(incumbents).Select(start => Climb(process, acquisition, start));
        var all = climbed.Concat(ranked).OrderByDescending(g => g.Value).Select(g => g.Point).ToList();
        return accept is null ? all[0] : all.Find(point => accept(point)) ?? all[0];
    }

    private static Start Climb(GaussianProcess process, IAcquisition acquisition, Start start)
    {
        MinimizerOutcome outcome = Minimizer.MinimizeInCube(
            point =>
            {
                AcquisitionValue at = Worth(process, acquisition, point, out double deviation);
                PredictionGradient by = process.Gradient(point);
                return (-at.Value, [.. point.Select((_, k) => -((at.ByMean * by.Mean[k]) + (at.ByDeviation * by.Variance[k] / (2 * deviation))))]);
            },
            start.Point, Iterations, GradientTolerance);
        return -outcome.Value > start.Value ? new Start(outcome.Point, -outcome.Value) : start;
    }

    private static AcquisitionValue Worth(GaussianProcess process, IAcquisition acquisition, double[] point, out double deviation)
    {
        Prediction prediction = process.Predict(point);
        deviation = Math.Max(prediction.Deviation, LeastDeviation * process.PriorDeviation);
        AcquisitionValue at = acquisition.At(prediction.Mean, deviation);
        return double.IsNaN(at.Value) ? at with { Value = double.NegativeInfinity } : at;
    }

    private readonly record struct Start(double[] Point, double Value);
}
