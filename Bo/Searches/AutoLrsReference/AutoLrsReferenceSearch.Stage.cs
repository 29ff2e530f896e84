using Orchestrator.Bo.Acquisition;
using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Numerics;
using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Surrogates;

namespace Orchestrator.Bo.Searches.AutoLrsReference;

/// <content>A stage: which rates it tries, what is expected of them, which one it is trained at.</content>
public sealed partial class AutoLrsReferenceSearch
{
    /// <summary>Rates closer than this in the unit interval of log rate are the same.</summary>
    private const double Same = 1e-3;

    private List<SearchDecision> Search(ReferenceState state, StageSpan stage)
    {
        if (!state.AllObserved)
        {
            return [];
        }

        List<double> rates = Propose(state);
        if (rates.Count > 0)
        {
            return [.. rates.Select((rate, i) => new PlanStretch(Probe(state, stage, rate, i)))];
        }

        Candidate? winner = state.Candidates.Where(candidate => candidate.IsEligible).MinBy(candidate => candidate.Mean!.Value);
        return winner is null
            ? [StageFailure.OfProbes([.. state.Candidates.Select(candidate => candidate.Rate)], stage.Start, Problem)]
            : [Take(state, stage, winner, dropped: [],
                $"{winner.Rate:G4} has the lowest forecast, {winner.Mean:G4}, of {state.Candidates.Count(candidate => candidate.IsEligible)} rates that survived.")];
    }

    /// <summary>The rates to try now, once all before were observed; none when the stage has had its candidates.</summary>
    private List<double> Propose(ReferenceState state)
    {
        int wanted = Math.Min(Problem.Parallelism, Settings.Candidates - state.Candidates.Length);
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

    private double Suggest(List<double> asked, List<double> told)
    {
        GaussianProcess process = GaussianProcess.Fit(new Observations([.. asked.Select(u => new[] { u })], told));
        return AcquisitionMaximizer.Maximize(
            process, new LowerConfidenceBound(Settings.Kappa), 1, point => asked.TrueForAll(u => Math.Abs(u - point[0]) > Same))[0];
    }

    /// <summary>What the process is told: forecasts; for rates that diverged the worst of them and their range on top.</summary>
    private static List<double> Targets(ReferenceState state)
    {
        double[] finite = [.. state.Candidates.Where(candidate => candidate.IsEligible).Select(candidate => candidate.Mean!.Value)];
        double worst = finite.Length == 0 ? 1 : finite.Max() + Math.Max(finite.Max() - finite.Min(), 1e-6);
        return [.. state.Candidates.Select(candidate => candidate.IsEligible ? candidate.Mean!.Value : worst)];
    }

    private Forecast? Predict(ReferenceState state, StageSpan stage, LossPoint[] points)
    {
        if (stage.Signal == SearchSignal.Training)
        {
            return _training.Predict(points, new ForecastTarget(stage.Steps - stage.Window, stage.Window));
        }

        // A loss above that of the search's very start is taken as it is: extrapolating it would promise a recovery.
        double? last = points.Select(point => (double?)point.Loss).LastOrDefault(loss => double.IsFinite(loss!.Value));
        return last >= state.FirstLoss ? new Forecast(last.Value, 0) : _validation.Predict(points, new ForecastTarget(stage.Steps));
    }

    private Stretch Probe(ReferenceState state, StageSpan stage, double rate, int offset) => new(
        state.NextStretch + offset, state.Tip, stage.Start, stage.ProbeSteps, [new RateRun(stage.Steps, rate, rate)], 0,
        StretchRole.Probe, StageGuard.Of(state.Level, state.FirstLoss), stage.ValidateEvery, stage.Signal == SearchSignal.Validation,
        Continues: false, Index(state),
        $"Stage {Index(state)}: tries {rate:G4} for {stage.ProbeSteps} of {stage.Steps} steps from step {stage.Start}; candidate {state.Candidates.Length + offset + 1} of {Settings.Candidates}.");

    /// <summary>Records a candidate as the rate of the stage.</summary>
    private ChooseRate Take(ReferenceState state, StageSpan stage, Candidate winner, IReadOnlyList<int> dropped, string reason) => new(
        Index(state), "stage", stage.Start, stage.Steps, [new RateRun(stage.Steps, winner.Rate, winner.Rate)], winner.Rate, winner.Forecast,
        [.. state.Candidates.Select(candidate => candidate.Record(stage.ProbeSteps))], Taken: [], dropped, reason);

    /// <summary>Trains the stage at its rate, from its start.</summary>
    private PlanStretch Train(ReferenceState state, StageSpan stage)
    {
        double rate = Taken(state).Rate;
        return new PlanStretch(new Stretch(
            state.NextStretch, state.Tip, stage.Start, stage.Steps, [new RateRun(stage.Steps, rate, rate)], 0, StretchRole.Path,
            Guard: null, ValidateEvery: 0, ValidateAtEnd: stage.Signal == SearchSignal.Validation, Continues: true, Index(state),
            $"Stage {Index(state)}: all {stage.Steps} steps at {rate:G4}, from the start of the stage."));
    }

    private List<SearchDecision> Finish(ReferenceState state, StageSpan stage)
    {
        var decisions = new List<SearchDecision> { stage.Realise(Index(state), state.Realised) };
        if (state.Stage == Plan.Count - 1)
        {
            decisions.Add(new CompleteSearch(state.Path!.Value, $"All {Problem.Steps} steps were trained, the last stage at {Taken(state).Rate:G4}."));
        }

        return decisions;
    }

    /// <summary>The path diverged after its probe had not: the next lower rate that survived.</summary>
    private SearchDecision FallBack(ReferenceState state, StageSpan stage)
    {
        double failed = Taken(state).Rate;
        Candidate? next = state.Candidates.Where(c => c.IsEligible && c.Rate < failed).MaxBy(c => c.Rate);
        return next is null
            ? StageFailure.OfPath(failed, Index(state), stage.Start, Problem)
            : Take(state, stage, next, dropped: [state.Path!.Value],
                $"Training diverged at {failed:G4} after its probe had not; {next.Rate:G4} is the next lower rate that survived.");
    }
}
