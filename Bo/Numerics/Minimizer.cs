using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;

namespace Orchestrator.Bo.Numerics;

/// <summary>How a minimisation ended.</summary>
internal enum MinimizerExit
{
    /// <summary>A local minimum, to the tolerance asked for.</summary>
    Converged,

    /// <summary>Out of iterations, or the line search found nothing better: the best point seen is given.</summary>
    Stopped,

    /// <summary>No finite value was seen.</summary>
    Failed,
}

/// <summary>The best point seen.</summary>
/// <param name="Exit">How it ended.</param>
/// <param name="Point">Where; the start if it failed.</param>
/// <param name="Value">The value there.</param>
internal sealed record MinimizerOutcome(MinimizerExit Exit, double[] Point, double Value);

/// <summary>
/// MathNet's L-BFGS as a function that always answers. It throws on failed line searches and on values that are not
/// finite; these are ordinary ends of a fit, and the best point seen is as good as it gets. Deterministic; bounded by
/// iterations, never by time.
/// </summary>
internal static class Minimizer
{
    private const double Barrier = 1e10;
    private const double ParameterTolerance = 1e-6;
    private const double ProgressTolerance = 1e-9;
    private const int Memory = 8;

    /// <summary>A start on a side of the cube is moved off it by this much: there is no slope on the side itself.</summary>
    private const double Margin = 0.005;

    /// <summary>Value and gradient at a point; null, or values that are not finite, where there is none.</summary>
    public delegate (double Value, double[] Gradient)? Objective(double[] point);

    /// <summary>Minimises from a start by L-BFGS.</summary>
    /// <param name="objective">What to minimise.</param>
    /// <param name="start">Where to begin.</param>
    /// <param name="iterations">Most iterations.</param>
    /// <param name="gradientTolerance">Ends below this length of the gradient.</param>
    public static MinimizerOutcome Minimize(Objective objective, double[] start, int iterations, double gradientTolerance)
    {
        double[] best = start;
        double least = double.PositiveInfinity;

        (double, Vector<double>) Evaluate(Vector<double> point)
        {
            double[] at = point.ToArray();
            if (objective(at) is not { } result || !double.IsFinite(result.Value) || !result.Gradient.All(double.IsFinite))
            {
                return (Barrier, Vector<double>.Build.Dense(at.Length));
            }

            if (result.Value < least)
            {
                (best, least) = (at, result.Value);
            }

            return (result.Value, Vector<double>.Build.Dense(result.Gradient));
        }

        MinimizerExit exit = MinimizerExit.Stopped;
        try
        {
            MinimizationResult result = new LimitedMemoryBfgsMinimizer(
                gradientTolerance, ParameterTolerance, ProgressTolerance, Memory, iterations)
                .FindMinimum(ObjectiveFunction.Gradient(Evaluate), Vector<double>.Build.Dense(start));

            // Out of iterations it says that it converged, one iteration past the last.
            exit = result.Iterations > iterations ? MinimizerExit.Stopped : MinimizerExit.Converged;
        }
        catch (OptimizationException)
        {
            // See the class: an ordinary end.
        }
        catch (ArgumentException)
        {
            // MathNet's way of saying that a step was not a number.
        }

        return new MinimizerOutcome(double.IsFinite(least) ? exit : MinimizerExit.Failed, best, least);
    }

    /// <summary>
    /// Minimises within the unit cube, from a start in it: over t with x = ½ − ½cos πt, which has no bounds. (Not by
    /// MathNet's BFGS with bounds, which gives up far from the minimum in one of fifty bowls.)
    /// </summary>
    /// <inheritdoc cref="Minimize"/>
    public static MinimizerOutcome MinimizeInCube(Objective objective, double[] start, int iterations, double gradientTolerance)
    {
        static double[] Inside(double[] t) => [.. t.Select(v => 0.5 - (0.5 * Math.Cos(Math.PI * v)))];
        MinimizerOutcome outcome = Minimize(
            t => objective(Inside(t)) is { } at
                ? (at.Value, [.. at.Gradient.Select((g, k) => g * 0.5 * Math.PI * Math.Sin(Math.PI * t[k]))])
                : null,
            [.. start.Select(x => Math.Acos(1 - (2 * Math.Clamp(x, Margin, 1 - Margin))) / Math.PI)], iterations, gradientTolerance);
        return outcome with { Point = Inside(outcome.Point) };
    }
}
