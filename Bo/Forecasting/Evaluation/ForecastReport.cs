namespace Orchestrator.Bo.Forecasting.Evaluation;

/// <summary>How well a forecaster does on recorded segments, beside the last value.</summary>
/// <param name="Workloads">By workload, in order of name.</param>
/// <param name="Pooled">All segments together.</param>
public sealed record ForecastReport(IReadOnlyList<WorkloadReport> Workloads, WorkloadReport Pooled);

/// <summary>One row of a <see cref="ForecastReport"/>.</summary>
/// <param name="Workload">Its name; "pooled" for all.</param>
/// <param name="Segments">Segments recorded.</param>
/// <param name="Diverged">Those that did not reach their end finitely: their true loss is +∞.</param>
/// <param name="Failures">Forecasts that are missing or not finite, of segments that were finite as far as seen.</param>
/// <param name="Error">|forecast − truth| / |truth| of the segments that did not diverge.</param>
/// <param name="Spearman">Rank correlation of forecast and truth within a stage, mean over stages.</param>
/// <param name="Regret">True loss of the rate that the forecasts choose, less the lowest true loss, mean over stages.</param>
/// <param name="Coverage">Share of true losses within the 80 % interval; null where there is none.</param>
/// <param name="LastValue">The last loss seen as forecast; null within itself.</param>
public sealed record WorkloadReport(
    string Workload, int Segments, int Diverged, int Failures, ErrorSummary Error, double Spearman, double Regret,
    double? Coverage, WorkloadReport? LastValue);

/// <summary>Median and 90th percentile of a relative error.</summary>
public sealed record ErrorSummary(double Median, double P90);
