using Orchestrator.Bo.Numerics;

namespace Orchestrator.Bo.Surrogates;

/// <summary>Maximum a posteriori hyperparameters, from a smooth start and a wiggly one.</summary>
internal static class HyperparameterFit
{
    private const int Iterations = 30;
    private const double GradientTolerance = 1e-2;
    private const double WigglyInverseSquaredLength = 25;

    /// <summary>Logarithms beyond which a hyperparameter says nothing new, but arithmetic may overflow.</summary>
    private const double Widest = 12;

    public static (Hyperparameters Best, FitQuality Quality) Maximise(MarginalLikelihood likelihood, int dimension)
    {
        (double Value, double[] Gradient)? Objective(double[] theta) =>
            theta.SkipLast(1).All(t => Math.Abs(t) <= Widest) && theta[^1] <= Widest && likelihood.Evaluate(theta) is { } at
                ? (-at.Value, [.. at.Gradient.Select(g => -g)])
                : null;

        var smooth = Hyperparameters.Default(dimension);
        var wiggly = smooth with { InverseSquaredLengths = [.. Enumerable.Repeat(WigglyInverseSquaredLength, dimension)] };
        MinimizerOutcome? best = null;
        foreach (Hyperparameters start in new[] { smooth, wiggly })
        {
            MinimizerOutcome outcome = Minimizer.Minimize(Objective, start.ToLog(), Iterations, GradientTolerance);
            if (outcome.Exit != MinimizerExit.Failed && (best is null || outcome.Value < best.Value))
            {
                best = outcome;
            }
        }

        return best is null
            ? (smooth, FitQuality.Default)
            : (Hyperparameters.FromLog(best.Point), best.Exit == MinimizerExit.Converged ? FitQuality.Converged : FitQuality.Stopped);
    }
}
