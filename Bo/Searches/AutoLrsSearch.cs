using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Surrogates;

namespace Orchestrator.Bo.Searches;

// Notation
//   xᵢ, fᵢ ± σᵢ  candidates in log rate, their forecasts and what of their deviations is their own
//   m, C         posterior mean and covariance, at the candidates, of a Gaussian process with noise σᵢ²
//   *            argmin m;  chosen: the largest rate with mᵢ − m* ≤ √(Cᵢᵢ + C** − 2Cᵢ*), one standard error

/// <summary>
/// AutoLRS as we would have it: each stage tries all its candidates at once, equally spaced in log rate from end to
/// end of the range (with the paper's κ the Gaussian process does nothing but fill space, only one at a time), on the
/// same batches; a Gaussian process over their forecasts takes the noise out of the comparison; of rates that cannot be
/// told apart the largest is taken, against the bias of short horizons to small ones; and the winner goes on from the end of
/// its own probe. A stage of τ steps costs (k − 1)τ′ steps of search.
/// </summary>
public sealed class AutoLrsSearch(SearchProblem problem, AutoLrsSettings settings) : StagewiseSearch(problem, settings)
{
    /// <summary>No forecast of a loss is known better than this share of it.</summary>
    private const double LeastDeviation = 1e-6;

    private readonly DecayForecaster _forecaster = new();

    private LogRange Range => new(Problem.MinRate, Problem.MaxRate);

    private protected override bool ContinuesProbe => true;

    private protected override IReadOnlyList<double> Propose(StagewiseState state, StageSpan stage) =>
        state.Candidates.IsEmpty ? Range.Grid(Settings.Candidates) : [];

    private protected override Forecast? Predict(
        StagewiseState state, StageSpan stage, IReadOnlyList<LossPoint> points, ForecastTarget target) =>
        _forecaster.Predict(points, target);

    private protected override (Candidate Winner, Forecast Forecast, string Reason) Choose(IReadOnlyList<Candidate> eligible)
    {
        double[][] points = [.. eligible.Select(candidate => new[] { Range.Encode(candidate.Rate) })];
        GaussianProcess process = GaussianProcess.Fit(new Observations(
            points, [.. eligible.Select(candidate => candidate.Mean!.Value)], [.. eligible.Select(OwnDeviation)]));
        Prediction[] posterior = [.. points.Select(process.Predict)];
        int best = 0;
        for (int i = 1; i < posterior.Length; i++)
        {
            best = posterior[i].Mean < posterior[best].Mean ? i : best;
        }

        int winner = best;
        for (int i = 0; i < posterior.Length; i++)
        {
            double variance = posterior[i].Variance + posterior[best].Variance - (2 * process.Covariance(points[i], points[best]));
            if (eligible[i].Rate > eligible[winner].Rate && posterior[i].Mean - posterior[best].Mean <= Math.Sqrt(Math.Max(0, variance)))
            {
                winner = i;
            }
        }

        return (eligible[winner], new Forecast(posterior[winner].Mean, eligible[winner].Deviation ?? 0), Explain(eligible, posterior, best, winner));
    }

    /// <summary>What of a forecast's deviation it does not share with the other candidates of the stage.</summary>
    private static double OwnDeviation(Candidate candidate)
    {
        double level = Math.Abs(candidate.Last ?? candidate.Mean!.Value);
        return Math.Max(DecayForecaster.OwnDeviation(candidate.Deviation ?? 0, level), LeastDeviation * level);
    }

    private static string Explain(IReadOnlyList<Candidate> eligible, Prediction[] posterior, int best, int winner)
    {
        string lowest = $"{eligible[best].Rate:G4} has the lowest expected loss at the end of the stage, {posterior[best].Mean:G4} ± {posterior[best].Deviation:G2}, of {eligible.Count} rates that survived";
        return winner == best
            ? $"{lowest}."
            : $"{lowest}; {eligible[winner].Rate:G4}, with {posterior[winner].Mean:G4}, is within one standard error of it, and of equals the largest rate is taken.";
    }
}
