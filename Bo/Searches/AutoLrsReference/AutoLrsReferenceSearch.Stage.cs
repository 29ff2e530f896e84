using System.Collections.Immutable;
using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Schedules;

namespace Orchestrator.Bo.Searches;

/// <summary>
/// A search that goes through the training stage by stage (AutoLRS, Jin et al. 2021): at each stage it tries
/// candidates from the checkpoint at the stage's start, forecasts where each would be at the stage's end, trains the
/// stage at the best, and goes on from there. Which rates are tried, how they are forecast and chosen, and from where
/// the chosen one goes on, is up to the derived search.
/// </summary>
public abstract class StagewiseSearch : Search<StagewiseState>
{
    /// <summary>A probe is given up when its loss is this many times the loss at the start of the stage.</summary>
    private const double MostLossRise = 3;

    /// <summary>… over so many steps in succession.</summary>
    private const int GuardPatience = 10;

    /// <summary>
    /// A loss below this share of the search's first one is no measure of divergence: a nearly fitted network triples
    /// its loss on an unlucky batch.
    /// </summary>
    private const double LeastReference = 0.1;

    private readonly StagePlan _plan;

    private protected StagewiseSearch(SearchProblem problem, AutoLrsSettings settings)
    {
        ArgumentNullException.ThrowIfNull(problem);
        ArgumentNullException.ThrowIfNull(settings);
        Check(problem, settings);
        Problem = problem;
        Settings = settings;
        _plan = new StagePlan(problem, settings);
        Initial = new StagewiseState(
            NextStretch: 0, Stage: 0, Tip: null, WarmupDone: problem.Warmup is not { Steps: > 0 }, Candidates: [], Chosen: null,
            Path: null, PathOutcome: null, Realised: null, Level: null, FirstLoss: null, Ended: false);
    }

    /// <inheritdoc/>
    public override SearchState Initial { get; }

    private protected SearchProblem Problem { get; }

    private protected AutoLrsSettings Settings { get; }

    private bool HasWarmup => Problem.Warmup is { Steps: > 0 };

    /// <summary>The rates to plan now; empty to wait for those under way, or because all were tried.</summary>
    private protected abstract IReadOnlyList<double> Propose(StagewiseState state, StageSpan stage);

    /// <summary>The chosen one of the eligible candidates (at least one), and why.</summary>
    private protected abstract (Candidate Winner, Forecast Forecast, string Reason) Choose(IReadOnlyList<Candidate> eligible);

    /// <summary>Forecasts the end of a stage from a probe; steps count from the stage's start.</summary>
    private protected abstract Forecast? Predict(
        StagewiseState state, StageSpan stage, IReadOnlyList<LossPoint> points, ForecastTarget target);

    /// <summary>Whether the winner goes on from the end of its probe; else the stage is trained again from its start.</summary>
    private protected abstract bool ContinuesProbe { get; }

    private protected override bool IsCostly(StagewiseState state) =>
        !state.Ended && state.Candidates.Length > 0 && state.AllObserved && state.Chosen is null;

    private protected override Observation Digest(StagewiseState state, StretchResult result)
    {
        double? first = Signal.First(result.Losses);
        if (!state.WarmupDone)
        {
            return new Observation(result.Stretch, result.Outcome, null, null, first, Signal.Tail(result.Losses, Signal.Window(result.Losses.Count)));
        }

        StageSpan stage = _plan[state.Stage];
        if (result.Stretch == state.Path)
        {
            double? realised = stage.Signal == SearchSignal.Training
                ? Signal.Tail(result.Losses, stage.Window)
                : Signal.Tail([.. result.Validations.Where(v => v.Step > stage.End - stage.Window).Select(v => v.Loss)], stage.Window);
            return new Observation(result.Stretch, result.Outcome, realised, null, first, Signal.Tail(result.Losses, stage.Window));
        }

        LossPoint[] points = stage.Signal == SearchSignal.Training
            ? [.. result.Losses.Select((loss, step) => new LossPoint(step, loss))]
            : [.. result.Validations.Select(v => new LossPoint(v.Step - stage.Start, v.Loss))];
        ForecastTarget target = stage.Signal == SearchSignal.Training
            ? new ForecastTarget(stage.Steps - stage.Window, stage.Window)
            : new ForecastTarget(stage.Steps);
        Forecast? forecast = result.Outcome == StretchOutcome.Succeeded ? Predict(state, stage, points, target) : null;
        return new Observation(
            result.Stretch, result.Outcome, forecast?.Mean, forecast?.Deviation, first,
            Signal.Tail([.. points.Select(point => point.Loss)], Math.Max(1, points.Length / 3)));
    }

    private protected override IReadOnlyList<SearchDecision> DecideStep(StagewiseState state)
    {
        if (state.Ended)
        {
            return [];
        }

        if (!state.WarmupDone)
        {
            return DecideWarmup(state);
        }

        StageSpan stage = _plan[state.Stage];
        return state switch
        {
            { PathOutcome: StretchOutcome.Succeeded } => Finish(state, stage),
            { PathOutcome: not null } => [FallBack(state, stage)],
            { Path: not null } => [],
            { Chosen: not null } => [Continue(state, stage)],
            _ => Search(state, stage),
        };
    }

    private protected override StagewiseState Apply(StagewiseState state, SearchDecision decision) => decision switch
    {
        _ when state.Ended => throw CannotFollow(decision),
        PlanStretch { Stretch: var stretch } when stretch.Number != state.NextStretch => throw CannotFollow(decision),
        PlanStretch { Stretch: { Role: StretchRole.Probe } stretch } => state with
        {
            NextStretch = state.NextStretch + 1,
            Candidates = state.Candidates.Add(new Candidate(stretch.Number, stretch.Runs[0].From, null, null, null, null)),
        },
        PlanStretch => state with { NextStretch = state.NextStretch + 1, Path = state.NextStretch, PathOutcome = null, Realised = null },
        ChooseRate { Kind: "warmup" } when !state.WarmupDone => state,
        ChooseRate choice => state with { Chosen = Winner(state, choice).Stretch, Path = null, PathOutcome = null },
        RealiseStage realised when state.WarmupDone => state with
        {
            Stage = state.Stage + 1,
            Tip = state.Path,
            Candidates = [],
            Chosen = null,
            Path = null,
            PathOutcome = null,
            Realised = null,
            Level = realised.Realised ?? state.Level,
        },
        RealiseStage => state with { WarmupDone = true, Tip = state.Path, Path = null, PathOutcome = null, Realised = null },
        CompleteSearch or FailSearch => state with { Ended = true },
        _ => throw CannotFollow(decision),
    };

    private protected override StagewiseState Apply(StagewiseState state, Observation observation)
    {
        double? first = state.FirstLoss ?? observation.First;
        if (observation.Stretch == state.Path && state.PathOutcome is null)
        {
            return state with { PathOutcome = observation.Outcome, Realised = observation.Value ?? observation.Last, FirstLoss = first };
        }

        int at = state.Candidates.IndexOf(state.Candidates.FirstOrDefault(c => c.Stretch == observation.Stretch && c.Outcome is null)!);
        return at < 0
            ? throw CannotFollow(observation)
            : state with
            {
                FirstLoss = first,
                Candidates = state.Candidates.SetItem(at, state.Candidates[at] with
                {
                    Outcome = observation.Outcome,
                    Mean = observation.Value,
                    Deviation = observation.Deviation,
                    Last = observation.Last,
                }),
            };
    }

    /// <summary>Refuses what no stagewise search can do.</summary>
    internal static void Check(SearchProblem problem, AutoLrsSettings settings)
    {
        if (!(problem.MinRate > 0) || !(problem.MinRate < problem.MaxRate) || !double.IsFinite(problem.MaxRate))
        {
            throw new ArgumentException(
                $"The range goes from {problem.MinRate} to {problem.MaxRate}; finite ends with 0 < min < max are wanted.", nameof(problem));
        }

        if (settings.Candidates < 2)
        {
            throw new ArgumentException($"{settings.Candidates} candidates were asked for; at least 2 are wanted.", nameof(settings));
        }
    }

    private int Index(StagewiseState state) => state.Stage + (HasWarmup ? 1 : 0);

    private static Candidate Winner(StagewiseState state, ChooseRate choice) =>
        state.Candidates.FirstOrDefault(candidate => candidate.Rate == choice.Chosen) ?? throw CannotFollow(choice);

    private IReadOnlyList<SearchDecision> DecideWarmup(StagewiseState state) => state switch
    {
        { Path: null } =>
        [
            WarmupStage.Choose(Problem.Warmup!),
            WarmupStage.Plan(Problem.Warmup!),
        ],
        { PathOutcome: null } => [],
        { PathOutcome: StretchOutcome.Succeeded } =>
            [new RealiseStage(0, state.Realised, "Mean training loss over the last steps of the warm-up.")],
        _ => [WarmupStage.Fail(Problem.Warmup!)],
    };

    private List<SearchDecision> Search(StagewiseState state, StageSpan stage)
    {
        IReadOnlyList<double> rates = Propose(state, stage);
        if (rates.Count > 0)
        {
            return [.. rates.Select((rate, i) => new PlanStretch(Probe(state, stage, rate, i)))];
        }

        if (!state.AllObserved)
        {
            return [];
        }

        Candidate[] eligible = [.. state.Candidates.Where(candidate => candidate.IsEligible)];
        if (eligible.Length == 0)
        {
            return
            [
                new FailSearch("no_stable_rate",
                    $"Every one of the {state.Candidates.Length} rates tried from step {stage.Start} on, between {state.Candidates.Min(c => c.Rate):G4} and {state.Candidates.Max(c => c.Rate):G4}, diverged. Lower schedule.range (now {Problem.MinRate:G4} to {Problem.MaxRate:G4}) or add a warm-up."),
            ];
        }

        (Candidate winner, Forecast forecast, string reason) = Choose(eligible);
        return [Take(state, stage, winner, forecast, reason, dropped: [])];
    }

    private Stretch Probe(StagewiseState state, StageSpan stage, double rate, int offset)
    {
        double? reference = state.Level is { } level && state.FirstLoss is { } first ? Math.Max(level, LeastReference * first) : null;
        return new Stretch(
            state.NextStretch + offset, state.Tip, stage.Start, stage.ProbeSteps, [new RateRun(stage.Steps, rate, rate)], 0,
            StretchRole.Probe, reference is <= 0 ? null : new DivergenceGuard(MostLossRise, GuardPatience, reference),
            stage.ValidateEvery, stage.Signal == SearchSignal.Validation, Continues: ContinuesProbe, Index(state),
            $"Stage {Index(state)}: tries {rate:G4} for {stage.ProbeSteps} of {stage.Steps} steps from step {stage.Start}; candidate {state.Candidates.Length + offset + 1} of {Settings.Candidates}.");
    }

    /// <summary>Records a candidate as the rate of the stage.</summary>
    private ChooseRate Take(
        StagewiseState state, StageSpan stage, Candidate winner, Forecast forecast, string reason, IReadOnlyList<int> dropped) => new(
        Index(state), "stage", stage.Start, stage.Steps, [new RateRun(stage.Steps, winner.Rate, winner.Rate)], winner.Rate, forecast,
        [.. state.Candidates.Select(candidate => candidate.Record(stage.ProbeSteps))],
        Taken: ContinuesProbe ? [winner.Stretch] : [], dropped, reason);

    /// <summary>Trains what is left of the stage at its rate.</summary>
    private PlanStretch Continue(StagewiseState state, StageSpan stage)
    {
        Candidate winner = Taken(state);
        long made = ContinuesProbe ? stage.ProbeSteps : 0;
        return new PlanStretch(new Stretch(
            state.NextStretch, ContinuesProbe ? winner.Stretch : state.Tip, stage.Start + made, stage.Steps - made,
            [new RateRun(stage.Steps, winner.Rate, winner.Rate)], made, StretchRole.Path, Guard: null, ValidateEvery: 0,
            ValidateAtEnd: stage.Signal == SearchSignal.Validation, Continues: true, Index(state),
            ContinuesProbe
                ? $"Stage {Index(state)}: the remaining {stage.Steps - made} of {stage.Steps} steps at {winner.Rate:G4}, from the end of its probe."
                : $"Stage {Index(state)}: all {stage.Steps} steps at {winner.Rate:G4}, from the start of the stage."));
    }

    private List<SearchDecision> Finish(StagewiseState state, StageSpan stage)
    {
        var decisions = new List<SearchDecision>
        {
            new RealiseStage(Index(state), state.Realised, stage.Signal == SearchSignal.Training
                ? $"Mean training loss over the last {stage.Window} steps of the stage."
                : "Validation loss at the end of the stage."),
        };
        if (state.Stage == _plan.Count - 1)
        {
            decisions.Add(new CompleteSearch(state.Path!.Value, $"All {Problem.Steps} steps were trained, the last stage at {Taken(state).Rate:G4}."));
        }

        return decisions;
    }

    /// <summary>The path diverged after its probe had not: the next lower rate that survived, from its own probe.</summary>
    private SearchDecision FallBack(StagewiseState state, StageSpan stage)
    {
        Candidate failed = Taken(state);
        Candidate? next = state.Candidates.Where(c => c.IsEligible && c.Rate < failed.Rate).MaxBy(c => c.Rate);
        int[] dropped = ContinuesProbe ? [failed.Stretch, state.Path!.Value] : [state.Path!.Value];
        return next is null
            ? new FailSearch("no_stable_rate",
                $"Training diverged at {failed.Rate:G4} in stage {Index(state)} (from step {stage.Start}), and no lower rate that was tried survives. Lower schedule.range (now {Problem.MinRate:G4} to {Problem.MaxRate:G4}).")
            : Take(state, stage, next, next.Forecast!,
                $"Training diverged at {failed.Rate:G4} after its probe had not; {next.Rate:G4} is the next lower rate that survived.", dropped);
    }

    private static Candidate Taken(StagewiseState state) => state.Candidates.First(candidate => candidate.Stretch == state.Chosen);
}
