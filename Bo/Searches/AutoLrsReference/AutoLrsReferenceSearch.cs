using Orchestrator.Bo.Acquisition;
using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Numerics;
using Orchestrator.Bo.Surrogates;

namespace Orchestrator.Bo.Searches;

/// <summary>
/// AutoLRS as it was published (Jin et al. 2021), as a baseline: candidates one after the other (or in batches of
/// `parallelTrialCount`, by a constant liar), the first at random, later ones where the lower confidence bound
/// μ − κσ is lowest; the best forecast that was observed wins, and the stage is trained again from its start. Its
/// defects are mended, its method is not: every step of every probe is thrown away.
/// </summary>
public sealed class AutoLrsReferenceSearch(SearchProblem problem, AutoLrsSettings settings) : StagewiseSearch(problem, settings)
{
    /// <summary>Rates closer than this in the unit interval of log rate are the same.</summary>
    private const double Same = 1e-3;

    private readonly ParabolaForecaster _training = new();
    private readonly ParabolaForecaster _validation = new(passes: 1);

    private LogRange Range => new(Problem.MinRate, Problem.MaxRate);

    private protected override bool ContinuesProbe => false;

    private protected override IReadOnlyList<double> Propose(StagewiseState state, StageSpan stage)
    {
        int wanted = Math.Min(Problem.Parallelism, Settings.Candidates - state.Candidates.Length);
        if (!state.AllObserved || wanted <= 0)
        {
            return [];
        }

        var asked = new List<double>(state.Candidates.Select(candidate => Range.Encode(candidate.Rate)));
        var told = Targets(state);
        var rates = new List<double>();
        for (int i = 0; i < wanted; i++)
        {
            double u = asked.Count == 0
                ? RandomStreams.Generator(Problem.Seed, "autolrs-reference", state.Stage).NextDouble()
                : Suggest(asked, told);
            asked.Add(u);

            // The liar: a rate under way counts as if it came out as the best so far.
            told.Add(told.Count == 0 ? 0 : told.Min());
            rates.Add(Range.Decode(u));
        }

        return rates;
    }

    private protected override Forecast? Predict(
        StagewiseState state, StageSpan stage, IReadOnlyList<LossPoint> points, ForecastTarget target)
    {
        if (stage.Signal == SearchSignal.Training)
        {
            return _training.Predict(points, target);
        }

        // A loss above that of the search's very start is taken as it is: extrapolating it would promise a recovery.
        double? last = points.Select(point => (double?)point.Loss).LastOrDefault(loss => double.IsFinite(loss!.Value));
        return last >= state.FirstLoss ? new Forecast(last.Value, 0) : _validation.Predict(points, target);
    }

    private protected override (Candidate Winner, Forecast Forecast, string Reason) Choose(IReadOnlyList<Candidate> eligible)
    {
        Candidate winner = eligible.MinBy(candidate => candidate.Mean!.Value)!;
        return (winner, winner.Forecast!, $"{winner.Rate:G4} has the lowest forecast, {winner.Mean:G4}, of {eligible.Count} rates that survived.");
    }

    private double Suggest(List<double> asked, List<double> told)
    {
        GaussianProcess process = GaussianProcess.Fit(new Observations([.. asked.Select(u => new[] { u })], told));
        return AcquisitionMaximizer.Maximize(
            process, new LowerConfidenceBound(Settings.Kappa), 1, point => asked.TrueForAll(u => Math.Abs(u - point[0]) > Same))[0];
    }

    /// <summary>What the process is told: forecasts; for rates that diverged the worst of them and their range on top.</summary>
    private static List<double> Targets(StagewiseState state)
    {
        double[] finite = [.. state.Candidates.Where(candidate => candidate.IsEligible).Select(candidate => candidate.Mean!.Value)];
        double worst = finite.Length == 0 ? 1 : finite.Max() + Math.Max(finite.Max() - finite.Min(), 1e-6);
        return [.. state.Candidates.Select(candidate => candidate.IsEligible ? candidate.Mean!.Value : worst)];
    }
}
