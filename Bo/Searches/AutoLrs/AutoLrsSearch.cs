using System.Collections.Immutable;
using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Schedules;

namespace Orchestrator.Bo.Searches.AutoLrs;

/// <summary>
/// AutoLRS as we would have it. Each stage tries its candidates in one wave from one checkpoint, on the same batches, and
/// races them: the worse half ends early. What the candidates show is forecast together (<see cref="StageForecaster"/>)
/// and smoothed by a Gaussian process that remembers the last stages; a running rate that cannot be told from the best one
/// stays. The first stage, which chooses among decades, cools down those that went furthest; later ones look up, and down
/// only after harm, against the bias of short horizons to small rates. The winner goes on from the end of its own probe. The
/// last half of the steps is annealed to 0, and a stage whose probes promise less than their steps would bring as training is
/// not probed at all.
/// </summary>
public sealed partial class AutoLrsSearch : StageSearch<AutoLrsState>
{
    /// <summary>A stage that ends at this many times what its own probe had reached was ruined by its rate.</summary>
    private const double RuinedRise = 1.25;

    /// <summary>So many ruined stages are trained again in a search; each costs a stage.</summary>
    private const int MostRuined = 2;

    /// <summary>Points that are kept of a stretch's curve.</summary>
    private const int CurvePoints = 8;

    /// <summary>Stages that are remembered beside the present one.</summary>
    private const int RememberedStages = 2;

    /// <summary>A search.</summary>
    /// <exception cref="ArgumentException">The range is none, there are fewer than 2 candidates, or stages do not fit.</exception>
    public AutoLrsSearch(SearchProblem problem, AutoLrsSettings settings)
        : base(problem, settings) =>
        Initial = new AutoLrsState(
            NextStretch: 0, Stage: 0, Tip: null, WarmupDone: !HasWarmup, Round: 0, Racers: [], Running: null, Chosen: null,
            Decay: false, Promise: null, Path: null, PathOutcome: null, Realised: null, Level: null, Progress: null, FirstLoss: null, Memory: [],
            Calibration: ForecastCalibration.None, Ruined: 0, Ended: false);

    /// <inheritdoc/>
    public override SearchState Initial { get; }

    private protected override bool IsCostly(AutoLrsState state) =>
        !state.Ended && state.Racers.Length > 0 && state.IsQuiet && state.Chosen is null;

    private protected override Observation DigestProbe(AutoLrsState state, StageSpan stage, StretchResult result)
    {
        Racer? own = state.Racers.FirstOrDefault(racer => racer.Awaited == result.Stretch);
        if (own?.CoolDown == result.Stretch)
        {
            return new Observation(result.Stretch, result.Outcome, Signal.Score(result), null, null, null);
        }

        long made = own?.Made ?? 0;
        LossPoint[] points = stage.Signal == SearchSignal.Training
            ? [.. result.Losses.Select((loss, step) => new LossPoint(made - result.Losses.Count + step, loss))]
            : [.. result.Validations.Select(v => new LossPoint(v.Step - stage.Start, v.Loss))];
        return new Observation(
            result.Stretch, result.Outcome, null, null, Signal.First(result.Losses), Signal.Tail(result.Losses, stage.Window), Signal.Blocks(points, CurvePoints));
    }

    private protected override IReadOnlyList<SearchDecision> DecideStage(AutoLrsState state, StageSpan stage) => state switch
    {
        { PathOutcome: StretchOutcome.Succeeded } => IsRuined(state) ? [FallBack(state, stage, $"ended the stage at {state.Realised:G4} after probes had reached {ProbesReached(state):G4}")] : Finish(state, stage),
        { PathOutcome: not null } => [FallBack(state, stage, "diverged after its probe had not")],
        { Path: not null } => [],
        { Chosen: not null } => [Continue(state, stage)],
        { IsQuiet: false } => [],
        _ => Race(state, stage),
    };

    private protected override AutoLrsState Apply(AutoLrsState state, SearchDecision decision) => decision switch
    {
        _ when state.Ended => throw CannotFollow(decision),
        PlanStretch { Stretch: var stretch } when stretch.Number != state.NextStretch => throw CannotFollow(decision),
        PlanStretch { Stretch: { Role: StretchRole.Probe } stretch } => Enter(state, stretch) with { NextStretch = state.NextStretch + 1 },
        PlanStretch => state with { NextStretch = state.NextStretch + 1, Path = state.NextStretch, PathOutcome = null, Realised = null },
        ChooseRate { Kind: "warmup" } when !state.WarmupDone => state,
        ChooseRate { Chosen: { } rate } choice => state with
        {
            Chosen = rate,
            Decay = choice.Runs[^1].To < choice.Runs[^1].From,
            Promise = choice.Forecast is { } forecast && state.Racers.FirstOrDefault(racer => racer.Rate == rate) is { IsAlive: true } racer
                ? new Promise(forecast.Mean, forecast.Deviation / state.Calibration.Widening, racer.Last)
                : null,
            Memory = Remember(state, choice),
            Ruined = state.Ruined + (state.PathOutcome == StretchOutcome.Succeeded ? 1 : 0),
            Path = null,
            PathOutcome = null,
        },
        RealiseStage realised when state.WarmupDone => Close(state, realised),
        RealiseStage => state with { WarmupDone = true, Tip = state.Path, Path = null, PathOutcome = null, Realised = null },
        CompleteSearch or FailSearch => state with { Ended = true },
        _ => throw CannotFollow(decision),
    };

    private protected override AutoLrsState Apply(AutoLrsState state, Observation observation)
    {
        double? first = state.FirstLoss ?? observation.First;
        if (observation.Stretch == state.Path && state.PathOutcome is null)
        {
            return state with { PathOutcome = observation.Outcome, Realised = observation.Value ?? observation.Last, FirstLoss = first };
        }

        Racer racer = state.Racers.FirstOrDefault(r => r.Awaited == observation.Stretch) ?? throw CannotFollow(observation);
        if (racer.CoolDown == observation.Stretch)
        {
            bool scored = observation is { Outcome: StretchOutcome.Succeeded, Value: not null };
            return state with
            {
                Racers = state.Racers.Replace(racer, racer with { Awaited = null, Diverged = !scored, Cooled = scored ? observation.Value : null }),
            };
        }

        return state with
        {
            FirstLoss = first,
            Racers = state.Racers.Replace(racer, racer with
            {
                Awaited = null,
                Diverged = observation.Outcome != StretchOutcome.Succeeded,
                // Beyond 1e100 squares overflow; a curve of nothing else is as dead as one that diverged.
                Curve = racer.Curve.AddRange((observation.Curve ?? []).Where(point => Math.Abs(point.Loss) < 1e100)),
            }),
        };
    }

    private static Racer? Winner(AutoLrsState state) => state.Racers.FirstOrDefault(racer => racer.Rate == state.Chosen && racer.IsAlive);

    /// <summary>
    /// Whether the rate did harm that its probe did not show. What is to be judged is a loss above 0. The steps are lost:
    /// that is why there is a limit.
    /// </summary>
    private static bool IsRuined(AutoLrsState state) =>
        state.Ruined < MostRuined && state.FirstLoss is > 0 and { } first && state.Realised is { } realised
        && Winner(state) is { } winner && ProbesReached(state) is > 0 and { } reached && realised > RuinedRise * Math.Max(reached, StageGuard.LeastReference * first)
        && state.Racers.Any(racer => racer.IsAlive && racer.Rate < winner.Rate);

    /// <summary>
    /// The loss that a stage has to keep: what its own probe had reached. In the first stage what any probe had: later a
    /// low rate is ahead for a while only because its noise is small.
    /// </summary>
    private static double? ProbesReached(AutoLrsState state) =>
        state.Running is null ? state.Racers.Where(racer => racer.IsAlive).Min(racer => racer.Last) : Winner(state)?.Last;

    private static AutoLrsState Enter(AutoLrsState state, Stretch stretch)
    {
        Racer? known = state.Racers.FirstOrDefault(racer => stretch.Parent is { } parent && racer.Chain.Contains(parent));
        if (known is not null && !stretch.Continues)
        {
            return state with { Racers = state.Racers.Replace(known, known with { Awaited = stretch.Number, CoolDown = stretch.Number }) };
        }

        return known is null
            ? state with
            {
                Racers = state.Racers.Add(new Racer(stretch.Runs[0].From, [stretch.Number], stretch.Steps, stretch.Number, false, 0, [])),
            }
            : state with
            {
                Round = known.Round + 1,
                Racers = state.Racers.Replace(known, known with
                {
                    Chain = known.Chain.Add(stretch.Number),
                    Made = known.Made + stretch.Steps,
                    Awaited = stretch.Number,
                    Round = known.Round + 1,
                }),
            };
    }

    /// <summary>The state at the start of the next stage.</summary>
    private AutoLrsState Close(AutoLrsState state, RealiseStage realised)
    {
        double? now = realised.Realised ?? state.Level;
        double? progress = state.Level is { } level && now is { } reached
            ? (level - reached) / Math.Max(Math.Abs(level), 1e-12) / Plan[state.Stage].Steps
            : null;
        return state with
        {
            Stage = state.Stage + 1,
            Tip = state.Path,
            Round = 0,
            Racers = [],
            Running = state.Decay ? state.Chosen * Remainder(state) : IsFirstLook(state) ? Peak(state, state.Chosen!.Value) : state.Chosen,
            Chosen = null,
            Decay = false,
            Annealing = state.Annealing || state.Decay,
            Promise = null,
            Path = null,
            PathOutcome = null,
            Realised = null,
            Level = now,
            Progress = progress,
            Calibration = state.Promise is { } promise && realised.Realised is { } came
                ? state.Calibration.Compare(new Forecast(promise.Mean, promise.Deviation), promise.Last, came)
                : state.Calibration,
        };
    }

    private static ImmutableArray<Remembered> Remember(AutoLrsState state, ChooseRate choice)
    {
        CandidateRecord[] told = [.. choice.Candidates.Where(candidate => candidate.Forecast is not null)];
        ImmutableArray<Remembered> recent = state.Memory.RemoveAll(m => m.Stage <= state.Stage - RememberedStages || m.Stage == state.Stage);
        if (told.Length == 0)
        {
            return recent;
        }

        double level = Math.Max(Math.Abs(state.Level ?? told.Average(c => c.Forecast!.Mean)), 1e-12);
        double mean = told.Average(c => c.Forecast!.Mean);
        return recent.AddRange(told.Select(c => new Remembered(
            state.Stage, c.Rate, (c.Forecast!.Mean - mean) / level, c.Forecast.Deviation / level)));
    }
}
