using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Forecasting;

/// <summary>
/// The baseline: the loss stays where it is. The mean of the last <paramref name="window"/> points, and their
/// standard deviation.
/// </summary>
/// <param name="window">Points, at least 1.</param>
public sealed class LastValueForecaster(int window = 1) : IForecaster
{
    /// <inheritdoc/>
    public Forecast? Predict(IReadOnlyList<LossPoint> points, ForecastTarget target)
    {
        double[] y = FinitePoints.Of(points).Y;
        if (y.Length == 0)
        {
            return null;
        }

        double[] last = y[^Math.Min(window, y.Length)..];
        double mean = last.Average();
        return new Forecast(mean, Math.Sqrt(last.Average(loss => (loss - mean) * (loss - mean))));
    }
}
