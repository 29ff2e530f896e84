using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Forecasting;

/// <summary>Predicts from the beginnings of the loss curves of a stage's candidates what each will reach.</summary>
public interface IStageForecaster
{
    /// <summary>Forecasts, one a candidate; null where there is no finite loss. Never throws on odd data.</summary>
    /// <param name="candidates">Rates above 0, and losses by step from the stage's start.</param>
    /// <param name="target">The steps whose mean loss is wanted.</param>
    IReadOnlyList<Forecast?> Predict(IReadOnlyList<StageCurve> candidates, ForecastTarget target);

    /// <summary>
    /// Differences below this share of the loss are none to this forecaster: of candidates that cannot be told apart the
    /// largest rate is chosen.
    /// </summary>
    double Tie { get; }
}

/// <summary>Each candidate for itself; the lowest forecast is chosen.</summary>
/// <param name="forecaster">Forecasts one curve.</param>
public sealed class SeparateForecasts(IForecaster forecaster) : IStageForecaster
{
    /// <inheritdoc/>
    public double Tie => 0;

    /// <inheritdoc/>
    public IReadOnlyList<Forecast?> Predict(IReadOnlyList<StageCurve> candidates, ForecastTarget target)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        return [.. candidates.Select(candidate => forecaster.Predict(candidate.Points, target))];
    }
}

/// <summary>All candidates together (<see cref="StageForecaster"/>), as <c>autolrs</c> forecasts and chooses.</summary>
public sealed class JointForecasts : IStageForecaster
{
    /// <inheritdoc/>
    public double Tie => StageForecaster.LeastTie;

    /// <inheritdoc/>
    public IReadOnlyList<Forecast?> Predict(IReadOnlyList<StageCurve> candidates, ForecastTarget target) =>
        [.. StageForecaster.Predict(candidates, target).Select(forecast => forecast is null ? null : new Forecast(forecast.Mean, forecast.Deviation))];
}
