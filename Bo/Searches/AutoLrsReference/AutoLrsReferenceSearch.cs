using Orchestrator.Bo.Forecasting;

namespace Orchestrator.Bo.Searches.AutoLrsReference;

/// <summary>
/// AutoLRS as it was published (Jin et al. 2021), as a baseline: at each stage candidates one after the other (or in
/// batches of `parallelTrialCount`, by a constant liar) from the checkpoint at its start, the first at random, later ones
/// where the lower confidence bound μ − κσ is lowest; the best forecast that was observed wins, and the stage is trained
/// again from its start. Its defects are mended, its method is not: every step of every probe is thrown away.
/// </summary>
public sealed partial class AutoLrsReferenceSearch : StageSearch<ReferenceState>
{
    private readonly ParabolaForecaster _training = new();
    private readonly ParabolaForecaster _validation = new(passes: 1);

    /// <summary>A search.</summary>
    /// <exception cref="ArgumentException">The range is none, there are fewer than 2 candidates, or stages do not fit.</exception>
    public AutoLrsReferenceSearch(SearchProblem problem, AutoLrsSettings settings)
        : base(problem, settings) =>
        Initial = new ReferenceState(
            NextStretch: 0, Stage: 0, Tip: null, WarmupDone: !HasWarmup, Candidates: [], Chosen: null,
            Path: null, PathOutcome: null, Realised: null, Level: null, FirstLoss: null, Ended: false);

    /// <inheritdoc/>
    public override SearchState Initial { get; }

    private protected override bool IsCostly(ReferenceState state) =>
        !state.Ended && state.Candidates.Length > 0 && state.AllObserved && state.Chosen is null;

    private protected override Observation DigestProbe(ReferenceState state, StageSpan stage, StretchResult result)
    {
        LossPoint[] points = stage.Signal == SearchSignal.Training
            ? [.. result.Losses.Select((loss, step) => new LossPoint(step, loss))]
            : [.. result.Validations.Select(v => new LossPoint(v.Step - stage.Start, v.Loss))];
        Forecast? forecast = result.Outcome == StretchOutcome.Succeeded ? Predict(state, stage, points) : null;
        return new Observation(
            result.Stretch, result.Outcome, forecast?.Mean, forecast?.Deviation, Signal.First(result.Losses),
            Signal.Tail([.. points.Select(point => point.Loss)], Math.Max(1, points.Length / 3)));
    }

    private protected override IReadOnlyList<SearchDecision> DecideStage(ReferenceState state, StageSpan stage) => state switch
    {
        { PathOutcome: StretchOutcome.Succeeded } => Finish(state, stage),
        { PathOutcome: not null } => [FallBack(state, stage)],
        { Path: not null } => [],
        { Chosen: not null } => [Train(state, stage)],
        _ => Search(state, stage),
    };

    private protected override ReferenceState Apply(ReferenceState state, SearchDecision decision) => decision switch
    {
        _ when state.Ended => throw CannotFollow(decision),
        PlanStretch { Stretch: var stretch } when stretch.Number != state.NextStretch => throw CannotFollow(decision),
        PlanStretch { Stretch: { Role: StretchRole.Probe } stretch } => state with
        {
            NextStretch = state.NextStretch + 1,
            Candidates = state.Candidates.Add(new Candidate(stretch.Number, stretch.Runs[0].From, null, null, null)),
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

    private protected override ReferenceState Apply(ReferenceState state, Observation observation)
    {
        double? first = state.FirstLoss ?? observation.First;
        if (observation.Stretch == state.Path && state.PathOutcome is null)
        {
            return state with { PathOutcome = observation.Outcome, Realised = observation.Value ?? observation.Last, FirstLoss = first };
        }

        Candidate candidate = state.Candidates.FirstOrDefault(c => c.Stretch == observation.Stretch && c.Outcome is null)
            ?? throw CannotFollow(observation);
        return state with
        {
            FirstLoss = first,
            Candidates = state.Candidates.Replace(candidate, candidate with
            {
                Outcome = observation.Outcome,
                Mean = observation.Value,
                Deviation = observation.Deviation,
            }),
        };
    }

    private static Candidate Winner(ReferenceState state, ChooseRate choice) =>
        state.Candidates.FirstOrDefault(candidate => candidate.Rate == choice.Chosen) ?? throw CannotFollow(choice);

    private static Candidate Taken(ReferenceState state) => state.Candidates.First(candidate => candidate.Stretch == state.Chosen);
}
