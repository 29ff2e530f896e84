using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Forecasting;

// Notation
//   n        forecasts that were compared with what came
//   z        (realised − mean)/deviation;  e, e₀  relative errors of the forecast and of the last loss seen
//   ν        4: how many comparisons the deviations are believed for before any was made
//   widening √((ν + Σz²)/(ν + n)), at least 1

/// <summary>
/// What became of earlier forecasts. Deviations that were too small are widened, and a forecaster that does worse than the
/// last loss seen is not listened to until it does better again.
/// </summary>
/// <param name="Count">n.</param>
/// <param name="Squares">Σz², each at most 25: one surprise must not drown the rest.</param>
/// <param name="Bias">Σ of signed relative errors, (realised − mean)/|realised|.</param>
/// <param name="Covered">How often the realised loss lay in the 80 % interval.</param>
/// <param name="Errors">Σe, with older ones fading.</param>
/// <param name="LastErrors">Σe₀, likewise.</param>
public sealed record ForecastCalibration(int Count, double Squares, double Bias, int Covered, double Errors, double LastErrors)
{
    private const double Believed = 4;
    private const double MostSquare = 25;
    private const double Fading = 0.7;
    private const double Interval80 = 1.2815515655446004;
    private const int Least = 3;

    /// <summary>Before any comparison.</summary>
    public static ForecastCalibration None { get; } = new(0, 0, 0, 0, 0, 0);

    /// <summary>By how much deviations are widened, at least 1.</summary>
    public double Widening => Math.Sqrt(Math.Max(1, (Believed + Squares) / (Believed + Count)));

    /// <summary>Whether the last loss seen has been the better forecast lately.</summary>
    public bool PrefersLast => Count >= Least && Errors > LastErrors;

    /// <summary>Share of realised losses within their 80 % intervals; null before any.</summary>
    public double? Coverage => Count == 0 ? null : (double)Covered / Count;

    /// <summary>Mean signed relative error; null before any.</summary>
    public double? MeanBias => Count == 0 ? null : Bias / Count;

    /// <summary>After a comparison.</summary>
    /// <param name="forecast">What was forecast, before widening.</param>
    /// <param name="last">The last loss that was seen then.</param>
    /// <param name="realised">What came.</param>
    public ForecastCalibration Compare(Forecast forecast, double last, double realised)
    {
        ArgumentNullException.ThrowIfNull(forecast);
        double size = Math.Max(Math.Abs(realised), 1e-12);
        double z = (realised - forecast.Mean) / Math.Max(forecast.Deviation, 1e-12 * size);
        return new ForecastCalibration(
            Count + 1,
            Squares + Math.Min(z * z, MostSquare),
            Bias + ((realised - forecast.Mean) / size),
            Covered + (Math.Abs(z) <= Interval80 * Widening ? 1 : 0),
            (Fading * Errors) + (Math.Abs(realised - forecast.Mean) / size),
            (Fading * LastErrors) + (Math.Abs(realised - last) / size));
    }
}
