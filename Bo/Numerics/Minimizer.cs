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
/// MathNet's quasi-Newton methods as functions that always answer. They throw on too many iterations, on failed line
/// searches and on values that are not finite; all of these are ordinary ends of a fit, and the best point seen is as
/// good as it gets. Deterministic; bounded by iterations, never by time.
/// </summary>
internal static class Minimizer
{
    private const double Barrier = 1e10;
    private const double ParameterTolerance = 1e-6;
    private const double ProgressTolerance = 1e-9;
    private const int Memory = 8;

    /// <summary>Value and gradient at a point; null, or values that are not finite, where there is none.</summary>
    public delegate (double Value, double[] Gradient)? Objective(double[] point);

    /// <summary>Minimises from a start by L-BFGS.</summary>
    /// <param name="objective">What to minimise.</param>
    /// <param name="start">Where to begin.</param>
    /// <param name="iterations">Most iterations.</param>
    /// <param name="gradientTolerance">Ends below this length of the gradient.</param>
    public static MinimizerOutcome Minimize(Objective objective, double[] start, int iterations, double gradientTolerance) =>
        Run(objective, start, double.NegativeInfinity, double.PositiveInfinity, (function, from) =>
            new LimitedMemoryBfgsMinimizer(gradientTolerance, ParameterTolerance, ProgressTolerance, Memory, iterations)
                .FindMinimum(function, from));

    /// <summary>Minimises within the unit cube, from a start in it, by BFGS with bounds.</summary>
    /// <inheritdoc cref="Minimize"/>
    public static MinimizerOutcome MinimizeInCube(Objective objective, double[] start, int iterations, double gradientTolerance)
    {
        var lower = Vector<double>.Build.Dense(start.Length, 0);
        var upper = Vector<double>.Build.Dense(start.Length, 1);
        return Run(objective, start, 0, 1, (function, from) =>
            new BfgsBMinimizer(gradientTolerance, ParameterTolerance, ProgressTolerance, iterations)
                .FindMinimum(function, lower, upper, from));
    }

    private static MinimizerOutcome Run(
        Objective objective, double[] start, double low, double high, Func<IObjectiveFunction, Vector<double>, MinimizationResult> minimise)
    {
        double[] best = start;
        double least = double.PositiveInfinity;

        (double, Vector<double>) Evaluate(Vector<double> point)
        {
            // MathNet's bounded steps may end a rounding error outside.
            double[] at = [.. point.Select(x => Math.Clamp(x, low, high))];
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
            minimise(ObjectiveFunction.Gradient(Evaluate), Vector<double>.Build.Dense(start));
            exit = MinimizerExit.Converged;
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
}
