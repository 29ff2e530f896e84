using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Forecasting;

/// <summary>Predicts from the beginning of a loss curve what the loss will be at a later step.</summary>
public interface IForecaster
{
    /// <summary>
    /// The loss at <paramref name="target"/> and the standard deviation of the prediction, both finite. Never throws on
    /// odd data: non-finite losses are left out, and null is given only if no finite loss is left.
    /// </summary>
    /// <param name="points">Losses seen, in order of step; need not be equally spaced.</param>
    /// <param name="target">The steps whose mean loss is wanted, usually far beyond the last point.</param>
    Forecast? Predict(IReadOnlyList<LossPoint> points, ForecastTarget target);
}

/// <summary>A loss seen at a step.</summary>
public readonly record struct LossPoint(double Step, double Loss);

/// <summary>
/// The mean loss over the steps <paramref name="First"/>, First + 1, … First + Count − 1: a single loss is too noisy to be
/// predicted, or compared with its prediction.
/// </summary>
/// <param name="First">First step, on the axis of the points.</param>
/// <param name="Count">Number of steps, at least 1.</param>
public readonly record struct ForecastTarget(double First, long Count = 1)
{
    private const int MostSamples = 32;

    /// <summary>One past the last step.</summary>
    public double End => First + Count;

    /// <summary>Mean of a smooth function over the steps: at most 32 of them, equally spaced, ends included.</summary>
    internal double Mean(Func<double, double> function)
    {
        int samples = (int)Math.Min(Count, MostSamples);
        double sum = 0;
        for (int i = 0; i < samples; i++)
        {
            sum += function(First + (samples == 1 ? 0 : (Count - 1) * (double)i / (samples - 1)));
        }

        return sum / samples;
    }
}
