using System.Collections.Immutable;
using Orchestrator.Bo.Forecasting;

namespace Orchestrator.Bo.Searches.Annealed;

// Notation
//   T          steps after the warm-up;  n [3] and c(n)  lengths of probes and of their constant parts (RungLengths)
//   arm        a rate, trained at it from the initial checkpoint;  score  held-out loss after its cool-down, less is better
//   guard      spent + a probe's steps + 8/3 + reserve − c(n₂) ≤ 0.30 T: the winner's c(n₂) steps become training; in waves
//              n₂ of them do, since arms of the last rung are trained on while their probes cool down

/// <summary>
/// The search that pays for itself. It looks for one number, the peak rate, at the start of training and only there: three
/// rungs of short probes from the initial checkpoint, each trained at a constant rate and then cooled down to 0 on a fork
/// that is thrown away. Without the cool-down short probes choose rates that are several times too small; in the middle of
/// a run they do so even with it. The winner's constant part is the beginning of the path, which holds the peak while
/// the training loss falls and then decays linearly to 0.
/// </summary>
public sealed partial class AnnealedSearch : Search<AnnealedState>
{
    private const int Rungs = 3;

    private readonly SearchProblem _problem;
    private readonly AnnealedSettings _settings;
    private readonly long _start;
    private readonly long _steps;
    private readonly bool _waves;

    /// <summary>A search.</summary>
    /// <param name="problem">What to train, and the range to begin with, which repairs may leave.</param>
    /// <param name="settings">Its constants.</param>
    /// <exception cref="ArgumentException">The range is none, or there are fewer than 600 steps.</exception>
    public AnnealedSearch(SearchProblem problem, AnnealedSettings settings)
    {
        ArgumentNullException.ThrowIfNull(problem);
        ArgumentNullException.ThrowIfNull(settings);
        if (!(problem.MinRate > 0) || !(problem.MinRate < problem.MaxRate) || !double.IsFinite(problem.MaxRate))
        {
            throw new ArgumentException(
                $"The range goes from {problem.MinRate} to {problem.MaxRate}; finite ends with 0 < min < max are wanted.", nameof(problem));
        }

        _problem = problem;
        _settings = settings;
        _start = problem.Warmup?.Steps ?? 0;
        _steps = problem.Steps - _start;
        _waves = problem.Parallelism >= AnnealedSettings.WaveParallelism;
        if (_steps < AnnealedSettings.LeastSteps)
        {
            throw new ArgumentException(
                $"{_steps} steps after the warm-up are too few to be searched: {AnnealedSettings.LeastSteps} are wanted, because shorter probes end on the first plateau. Train longer, or use `fixed` or `autolrs`.",
                nameof(problem));
        }

        Initial = new AnnealedState(
            NextStretch: 0, Rung: 0, Warmup: null, WarmupOutcome: _start > 0 ? null : StretchOutcome.Succeeded, Arms: [], Doublings: 0,
            Repairs: 0, Best: [], Spent: 0, FirstLoss: null, Path: null, Rivals: [], Ended: false);
    }

    /// <inheritdoc/>
    public override SearchState Initial { get; }

    private double Guard => _settings.Guard ?? (_waves ? 0.45 : 0.30);

    private protected override Observation Digest(AnnealedState state, StretchResult result) => new(
        result.Stretch, result.Outcome, Signal.Score(result), Deviation: null, Signal.First(result.Losses),
        Signal.Tail(result.Losses, Signal.Window(result.Losses.Count)),
        FollowsLoss && state.Path?.Holds(result.Stretch) == true && Signal.Tail(result.Losses, result.Losses.Count) is { } mean
            ? [new LossPoint(result.Losses.Count, mean)]
            : null);

    private protected override IReadOnlyList<SearchDecision> DecideStep(AnnealedState state) => state switch
    {
        { Ended: true } => [],
        { WarmupOutcome: not StretchOutcome.Succeeded } => DecideWarmup(state),
        { Path: not null } => DecidePath(state, state.Path),
        { IsWaiting: true } => [],
        _ => DecideRung(state),
    };

    private protected override AnnealedState Apply(AnnealedState state, SearchDecision decision) => decision switch
    {
        _ when state.Ended => throw CannotFollow(decision),
        PlanStretch { Stretch: var stretch } when stretch.Number != state.NextStretch => throw CannotFollow(decision),
        PlanStretch { Stretch: var stretch } => Planned(state, stretch) with { NextStretch = state.NextStretch + 1 },
        ChooseRate { Kind: "warmup" } => state,
        ChooseRate { Kind: "rung", Chosen: { } best } when state.Path is null =>
            state with { Rung = state.Rung + 1, Best = state.Best.Add(best) },
        ChooseRate { Kind: "path" } choice => Chosen(state, choice),
        ChooseRate { Kind: "decay" } choice when state.Path is { } path => state with { Path = path.Decay(choice.Start - _start, choice.Runs) },
        ChooseRate { Kind: "end" } when state.Path is not null => state,
        LengthenProbes when state.Path is null => state with
        {
            Doublings = state.Doublings + 1,
            Arms = [.. state.Arms.Select(arm => arm.IsDead ? arm : arm with { Probes = arm.Probes.RemoveAll(probe => probe.Rung == 1) })],
        },
        ReduceRate when state.Path is { } path => state with { Path = path.Halved(state.Find(path.Arm)!) },
        RealiseStage => state,
        CompleteSearch or FailSearch => state with { Ended = true },
        _ => throw CannotFollow(decision),
    };

    private protected override AnnealedState Apply(AnnealedState state, Observation observation)
    {
        int number = observation.Stretch;
        if (number == state.Warmup && state.WarmupOutcome is null)
        {
            return state with { WarmupOutcome = observation.Outcome };
        }

        if (state.Path is { } path && path.Has(number))
        {
            return state with { Path = path.Observe(observation) };
        }

        if (state.Rivals.FirstOrDefault(rival => rival.Has(number)) is { } running)
        {
            return state with { Rivals = state.Rivals.Replace(running, running.Observe(observation)) };
        }

        Arm arm = state.Arms.FirstOrDefault(a => a.Chain.Contains(number) || a.Probes.Any(p => p.CoolDown == number))
            ?? throw CannotFollow(observation);
        return state with
        {
            FirstLoss = state.FirstLoss ?? observation.First,
            Arms = state.Arms.Replace(arm, arm with
            {
                Probes = [.. arm.Probes.Select(probe => probe.Ahead == number ? probe with { AheadOutcome = observation.Outcome }
                    : probe.CoolDown != number ? probe
                    : probe with
                    {
                        Outcome = observation.Outcome,
                        Score = observation.Outcome == StretchOutcome.Succeeded ? observation.Value : null,
                    })],
            }),
        };
    }

    /// <summary>Index of a rung, or of the path, among the stages: a warm-up is stage 0.</summary>
    private int Stage(int rung) => rung + (_start > 0 ? 1 : 0);

    private AnnealedState Planned(AnnealedState state, Stretch stretch)
    {
        if (stretch.Role == StretchRole.Path)
        {
            return state.Path is { } path ? state with { Path = path.Plan(stretch, _start) } : state with { Warmup = stretch.Number };
        }

        if (state.Path is not null)
        {
            return PlannedInRace(state, stretch);
        }

        Arm? arm = state.Arms.FirstOrDefault(a => stretch.Parent is { } parent && a.Chain.Contains(parent));
        if (stretch.Continues && arm?.At(state.Rung) is { } judged)
        {
            return state with
            {
                Spent = state.Spent + stretch.Steps,
                Arms = state.Arms.Replace(arm, arm with
                {
                    Chain = arm.Chain.Add(stretch.Number),
                    Made = arm.Made + stretch.Steps,
                    Probes = arm.Probes.Replace(judged, judged with { Steps = judged.Steps + stretch.Steps, Ahead = stretch.Number }),
                }),
            };
        }

        if (stretch.Continues)
        {
            return state with
            {
                Spent = state.Spent + stretch.Steps,
                Arms = arm is null
                    ? state.Arms.Add(new Arm(stretch.Runs[0].From, [stretch.Number], stretch.Steps, stretch.Steps, []))
                    : state.Arms.Replace(arm, arm with
                    {
                        Chain = arm.Chain.Add(stretch.Number),
                        Made = arm.Made + stretch.Steps,
                        Unprobed = arm.Unprobed + stretch.Steps,
                    }),
                Repairs = state.Repairs + (arm is null && !IsInRange(stretch.Runs[0].From) ? 1 : 0),
            };
        }

        var probe = new ArmProbe(state.Rung, stretch.Number, arm!.Unprobed + stretch.Steps, null, null);
        return state with
        {
            Spent = state.Spent + stretch.Steps + StretchCost.Validation,
            Arms = state.Arms.Replace(arm, arm with { Unprobed = 0, Probes = arm.Probes.Add(probe) }),
        };
    }

    private bool IsInRange(double rate) => rate >= _problem.MinRate * (1 - 1e-9) && rate <= _problem.MaxRate * (1 + 1e-9);

    private IReadOnlyList<SearchDecision> DecideWarmup(AnnealedState state) => state switch
    {
        { Warmup: null } =>
        [
            WarmupStage.Choose(_problem.Warmup!),
            WarmupStage.Plan(_problem.Warmup!),
        ],
        { WarmupOutcome: null } => [],
        _ => [WarmupStage.Fail(_problem.Warmup!)],
    };
}
