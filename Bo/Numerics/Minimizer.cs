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
/// MathNet's L-BFGS as a function that always answers. It throws on too many iterations, on failed line searches and
/// on values that are not finite; all of these are ordinary ends of a fit, and the best point seen is as good as it gets.
/// </summary>
internal static class Minimizer
{
    private const double Barrier = 1e10;

    /// <summary>Minimises from a start. Deterministic; bounded by iterations, never by time.</summary>
    /// <param name="objective">Value and gradient; null where there is none.</param>
    /// <param name="start">Where to begin.</param>
    /// <param name="iterations">Most iterations.</param>
    /// <param name="gradientTolerance">Ends below this length of the gradient.</param>
    public static MinimizerOutcome Minimize(
        Func<IReadOnlyList<double>, (double Value, double[] Gradient)?> objective, double[] start, int iterations, double gradientTolerance)
    {
        double[] best = start;
        double least = double.PositiveInfinity;

        (double, Vector<double>) Evaluate(Vector<double> point)
        {
            double[] at = point.ToArray();
            if (objective(at) is not { } result)
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
            var minimizer = new LimitedMemoryBfgsMinimizer(gradientTolerance, 1e-6, 1e-9, memory: 8, maximumIterations: iterations);
            minimizer.FindMinimum(ObjectiveFunction.Gradient(Evaluate), Vector<double>.Build.Dense(start));
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
