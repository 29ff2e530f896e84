using Orchestrator.Bo.Numerics;
using Orchestrator.Bo.Surrogates;

namespace Orchestrator.Bo.Acquisition;

/// <summary>
/// Finds the point of the unit cube that is most worth trying: all points of a space-filling set, then gradient ascent
/// from the best few. Deterministic, bounded by iterations.
/// </summary>
public static class AcquisitionMaximizer
{
    private const int GridPerDimension = 200;
    private const int MostGrid = 2000;
    private const int Climbs = 4;
    private const int Steps = 30;
    private const double SmallestStep = 1e-6;

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
        var ranked = grid.Select(point => (Point: point, Value: Worth(process, acquisition, point))).OrderByDescending(g => g.Value).ToList();
        var climbed = ranked.Take(Climbs).Select(start => Climb(process, acquisition, start.Point, start.Value));
        var all = climbed.Concat(ranked).OrderByDescending(g => g.Value).Select(g => g.Point).ToList();
        return accept is null ? all[0] : all.Find(point => accept(point)) ?? all[0];
    }

    private static double Worth(GaussianProcess process, IAcquisition acquisition, double[] point)
    {
        Prediction prediction = process.Predict(point);
        double value = acquisition.At(prediction.Mean, Math.Max(prediction.Deviation, LeastDeviation)).Value;
        return double.IsNaN(value) ? double.NegativeInfinity : value;
    }

    /// <summary>Projected gradient ascent; a step that does not help is halved, one that does is doubled.</summary>
    private static (double[] Point, double Value) Climb(
        GaussianProcess process, IAcquisition acquisition, double[] start, double value)
    {
        double[] point = start;
        double step = 0.05;
        for (int i = 0; i < Steps && step > SmallestStep; i++)
        {
            double[] direction = Direction(process, acquisition, point);
            double[] next = [.. point.Select((x, k) => Math.Clamp(x + (step * direction[k]), 0, 1))];
            double there = Worth(process, acquisition, next);
            if (there > value)
            {
                (point, value) = (next, there);
                step *= 2;
            }
            else
            {
                step /= 2;
            }
        }

        return (point, value);
    }

    /// <summary>The gradient's direction by the point, without what leads out of the cube; length 1 or 0.</summary>
    private static double[] Direction(GaussianProcess process, IAcquisition acquisition, double[] point)
    {
        Prediction prediction = process.Predict(point);
        double deviation = Math.Max(prediction.Deviation, LeastDeviation);
        PredictionGradient by = process.Gradient(point);
        AcquisitionValue at = acquisition.At(prediction.Mean, deviation);
        double[] gradient = [.. point.Select((x, k) =>
        {
            double g = (at.ByMean * by.Mean[k]) + (at.ByDeviation * by.Variance[k] / (2 * deviation));
            return (x <= 0 && g < 0) || (x >= 1 && g > 0) ? 0 : g;
        })];
        double length = Math.Sqrt(gradient.Sum(g => g * g));
        return length > 0 && double.IsFinite(length) ? [.. gradient.Select(g => g / length)] : new double[point.Length];
    }
}
