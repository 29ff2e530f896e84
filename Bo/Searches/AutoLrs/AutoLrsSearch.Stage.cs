using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches.Annealed;

namespace Orchestrator.Bo.Searches.AutoLrs;

/// <content>A stage: the race of its candidates, the choice, the training of the rest.</content>
public sealed partial class AutoLrsSearch
{
    /// <summary>
    /// What is left of the steps when the decay to 0 may begin, if its first stage is expected to gain by it: a peak wants to be
    /// held for a fifth at least.
    /// </summary>
    private const double EarliestDecay = 0.8;

    /// <summary>What is left of the steps when it begins at the latest; in whole stages.</summary>
    private const double LatestDecay = 0.5;

    /// <summary>Octaves below and above the running rate among which later stages look.</summary>
    private const int OctavesBelow = 3;
    private const int OctavesAbove = 2;

    /// <summary>How `annealed` bounds the parabola.</summary>
    private static readonly AnnealedSettings Bounds = new();

    /// <summary>Steps from a stage's start to the end of training.</summary>
    private long Left(int stage) => Plan[Plan.Count - 1].End - Plan[stage].Start;

    /// <summary>Whether a stage decays without having been probed: the decay to 0 is under way, or cannot wait.</summary>
    private bool IsAnnealed(AutoLrsState state) => Settings.Anneal && state.Running is not null
        && (state.Annealing || state.Stage == Plan.Count - 1 || Left(state.Stage) <= LatestDecay * Left(0));

    /// <summary>What is left of the rate after a stage of a linear decay to 0 at the end of training.</summary>
    private double Remainder(AutoLrsState state) => 1 - ((double)Plan[state.Stage].Steps / Left(state.Stage));

    private IReadOnlyList<SearchDecision> Race(AutoLrsState state, StageSpan stage)
    {
        if (IsAnnealed(state))
        {
            return [Keep(state, stage, "The running rate decays linearly to 0 at the end of training.")];
        }

        int rounds = RaceRounds.Count(stage.ProbeSteps, Settings.Racing);
        if (state.Racers.IsEmpty)
        {
            return Open(state, stage, rounds);
        }

        Racer[] racing = [.. state.Racers.Where(racer => racer.IsAlive && racer.Round == state.Round)];
        if (!state.Racers.Any(racer => racer.IsAlive))
        {
            return [StageFailure.OfProbes([.. state.Racers.Select(racer => racer.Rate)], stage.Start, Problem)];
        }

        StageVerdict verdict = StageVerdict.Of(state, stage, Range);
        if (state.Round < rounds - 1 && racing.Length > 2)
        {
            long steps = RaceRounds.Steps(stage.ProbeSteps, state.Round + 1, rounds);
            Racer[] kept =
            [
                .. racing.OrderBy(racer => verdict.MeanOf(racer)).ThenByDescending(racer => racer.Rate)
                    .Take(RaceRounds.Kept(state.Racers.Length, state.Round))
                    .Concat(racing.Where(racer => racer.Rate == state.Running)).Distinct().OrderBy(racer => racer.Rate),
            ];
            return [.. kept.Select((racer, i) => new PlanStretch(Extend(state, stage, racer, steps, i, kept.Length)))];
        }

        if (IsFirstLook(state) && racing.Length > 1)
        {
            return racing.All(racer => racer.CoolDown is null)
                ? [.. racing.Select((racer, i) => new PlanStretch(CoolDown(state, stage, racer, i)))]
                : [ChooseCooled(state, stage, verdict, racing)];
        }

        return [Choose(state, stage, verdict)];
    }

    /// <summary>
    /// Whether rates are compared once cooled down to 0, as the end of training compares them. From the initial state that
    /// is fair; later it is a vote for the lower rate, which is ahead for no reason but its lower noise.
    /// </summary>
    private bool IsFirstLook(AutoLrsState state) => Settings.Anneal && state.Running is null;

    private Stretch CoolDown(AutoLrsState state, StageSpan stage, Racer racer, int offset)
    {
        long steps = Math.Clamp(racer.Made / 2, 1, Left(state.Stage) - racer.Made);
        return new Stretch(
            state.NextStretch + offset, racer.Chain[^1], stage.Start + racer.Made, steps, [new RateRun(steps, racer.Rate * steps / (steps + 1), 0)], 0,
            StretchRole.Probe, Guard(state), ValidateEvery: 0, ValidateAtEnd: true, Continues: false, Index(state),
            $"Stage {Index(state)}: {racer.Rate:G4} is cooled down to 0 over {steps} steps, on a fork that is thrown away.");
    }

    private ChooseRate ChooseCooled(AutoLrsState state, StageSpan stage, StageVerdict verdict, Racer[] cooled)
    {
        Racer winner = cooled.OrderBy(racer => racer.Cooled).ThenByDescending(racer => racer.Rate).First();
        return Take(state, stage, winner, verdict.ForecastOf(winner), decay: false, verdict, dropped: [],
            $"Cooled down to 0, {winner.Rate:G4} has the lowest held-out loss, {winner.Cooled:G4}, of the {cooled.Length} rates that went furthest. The next stage begins at {Peak(state, winner.Rate):G4}, the vertex of the parabola through it and its neighbours.");
    }

    /// <summary>
    /// The rate between those that were cooled down; the rate itself where none was. A neighbour that left the race is a bracket.
    /// </summary>
    private double Peak(AutoLrsState state, double rate)
    {
        Racer[] racers = [.. state.Racers.OrderBy(racer => racer.Rate)];
        int at = Array.FindIndex(racers, racer => racer.Rate == rate);
        if (at < 0 || racers[at].Cooled is not { } best || racers.Any(racer => racer.Cooled < best))
        {
            return rate;
        }

        double? Score(int i) => i >= 0 && i < racers.Length ? racers[i].Cooled ?? double.PositiveInfinity : null;
        double spacing = at > 0 ? rate / racers[at - 1].Rate : racers[at + 1].Rate / rate;
        double offset = PeakChoice.Offset(Score(at - 1), best, Score(at + 1), Bounds.Cap, Bounds.OpenEdge);
        return Math.Clamp(rate * Math.Pow(spacing, offset), Problem.MinRate, Problem.MaxRate);
    }

    /// <summary>The candidates of a stage, if probing them is worth its steps.</summary>
    private IReadOnlyList<SearchDecision> Open(AutoLrsState state, StageSpan stage, int rounds)
    {
        double[] rates = Candidates(state);
        double? gain = null;
        if (state.Running is not null && StageGain.Of(state, Range, rates) is { } expected)
        {
            gain = expected;
            double price = (state.Progress ?? 0) * Cost(stage, rounds, rates.Length);
            if (expected < price)
            {
                return
                [
                    Keep(state, stage,
                        $"Probes are expected to save {expected:P2} of the loss and cost steps that brought {price:P2} in the last stage: {state.Running:G4} stays without them."),
                ];
            }
        }

        long steps = RaceRounds.Steps(stage.ProbeSteps, 0, rounds);
        return [.. rates.Select((rate, i) => new PlanStretch(Probe(state, stage, rate, steps, i, rates.Length)) { Gain = gain })];
    }

    /// <summary>Steps of a race that are not the winner's.</summary>
    private static double Cost(StageSpan stage, int rounds, int candidates)
    {
        double steps = 0;
        for (int round = 0; round < rounds; round++)
        {
            int running = round == 0 ? candidates : RaceRounds.Kept(candidates, round - 1);
            long before = round == 0 ? 0 : RaceRounds.Steps(stage.ProbeSteps, round - 1, rounds);
            steps += running * (RaceRounds.Steps(stage.ProbeSteps, round, rounds) - before);
        }

        return steps - stage.ProbeSteps;
    }

    /// <summary>
    /// At first the whole range, equally spaced in log rate, ends included; later octaves about the running rate. Lower ones
    /// only where it did harm in the last stage: within a probe they are ahead for no reason but their lower noise, and that
    /// is what the annealing at the end is for.
    /// </summary>
    private double[] Candidates(AutoLrsState state)
    {
        if (state.Running is not { } running)
        {
            return Range.Grid(Settings.Candidates);
        }

        int below = !Settings.Anneal || state.Progress <= 0 ? OctavesBelow : 0;
        double[] near = [.. Enumerable.Range(-below, below + OctavesAbove + 1).Select(octave => running * Math.Pow(2, octave))
            .Where(rate => rate == running || (rate >= Problem.MinRate && rate <= Problem.MaxRate))];
        return near.Length > Settings.Candidates ? [.. near.OrderBy(rate => Math.Abs(Math.Log(rate / running))).Take(Settings.Candidates).Order()] : near;
    }

    private Stretch Probe(AutoLrsState state, StageSpan stage, double rate, long steps, int offset, int count) => new(
        state.NextStretch + offset, state.Tip, stage.Start, steps, [new RateRun(stage.Steps, rate, rate)], 0, StretchRole.Probe,
        Guard(state), stage.ValidateEvery, stage.Signal == SearchSignal.Validation, Continues: true, Index(state),
        $"Stage {Index(state)}: tries {rate:G4} for {steps} of {stage.Steps} steps from step {stage.Start}; candidate {offset + 1} of {count}.");

    private Stretch Extend(AutoLrsState state, StageSpan stage, Racer racer, long steps, int offset, int count) => new(
        state.NextStretch + offset, racer.Chain[^1], stage.Start + racer.Made, steps - racer.Made, [new RateRun(stage.Steps, racer.Rate, racer.Rate)],
        racer.Made, StretchRole.Probe, Guard(state), stage.ValidateEvery, stage.Signal == SearchSignal.Validation, Continues: true, Index(state),
        $"Stage {Index(state)}, round {state.Round + 1}: {racer.Rate:G4} is among the best {count} and goes on to {steps} steps.");

    private static DivergenceGuard? Guard(AutoLrsState state) => StageGuard.Of(state.Level ?? state.FirstLoss, state.FirstLoss);

    private ChooseRate Choose(AutoLrsState state, StageSpan stage, StageVerdict verdict)
    {
        (Racer winner, string why) = verdict.Winner(state);
        Forecast forecast = verdict.ForecastOf(winner);
        bool late = Settings.Anneal && state.Running is not null && Left(state.Stage) <= EarliestDecay * Left(0);
        if (late && verdict.Decayed(winner, winner.Rate * Remainder(state)) is { } decayed && decayed.Mean < forecast.Mean - verdict.Tie)
        {
            return Take(state, stage, winner, decayed, decay: true, verdict, dropped: [],
                $"{why} Decaying from it is expected to reach {decayed.Mean:G4} instead of {forecast.Mean:G4}: from here on the rate decays linearly, to 0 at the end of training.");
        }

        return Take(state, stage, winner, forecast, decay: false, verdict, dropped: [], why);
    }

    private ChooseRate Take(
        AutoLrsState state, StageSpan stage, Racer winner, Forecast forecast, bool decay, StageVerdict verdict, IReadOnlyList<int> dropped, string reason) => new(
        Index(state), "stage", stage.Start, stage.Steps, Runs(state, stage, winner.Rate, winner.Made, decay), winner.Rate, forecast,
        [
            .. state.Racers.Select(racer => new CandidateRecord(
                racer.Chain[^1], racer.Rate, racer.Made, racer.IsAlive ? StretchOutcome.Succeeded : StretchOutcome.Diverged,
                racer.IsAlive ? verdict.ForecastOf(racer) : null, racer.Cooled)),
        ],
        Taken: winner.Chain, dropped, reason);

    /// <summary>The running rate without probes, or a stage of its decay to 0.</summary>
    private ChooseRate Keep(AutoLrsState state, StageSpan stage, string reason) => new(
        Index(state), "stage", stage.Start, stage.Steps, Runs(state, stage, state.Running!.Value, 0, IsAnnealed(state)), state.Running, Forecast: null,
        Candidates: [], Taken: [], Dropped: [], reason);

    private List<RateRun> Runs(AutoLrsState state, StageSpan stage, double rate, long made, bool decay)
    {
        if (!decay)
        {
            return [new RateRun(stage.Steps, rate, rate)];
        }

        var down = new RateRun(stage.Steps - made, rate, rate * Remainder(state));
        return made == 0 ? [down] : [new RateRun(made, rate, rate), down];
    }

    /// <summary>Trains what is left of the stage.</summary>
    private PlanStretch Continue(AutoLrsState state, StageSpan stage)
    {
        double rate = state.Chosen!.Value;
        Racer? winner = state.Racers.FirstOrDefault(racer => racer.Rate == rate && racer.IsAlive);
        long made = winner?.Made ?? 0;
        return new PlanStretch(new Stretch(
            state.NextStretch, winner?.Chain[^1] ?? state.Tip, stage.Start + made, stage.Steps - made, Runs(state, stage, rate, made, state.Decay), made,
            StretchRole.Path, Guard: null, ValidateEvery: 0, ValidateAtEnd: stage.Signal == SearchSignal.Validation, Continues: true, Index(state),
            winner is null
                ? $"Stage {Index(state)}: all {stage.Steps} steps from {rate:G4}{(state.Decay ? ", decaying" : "")}."
                : $"Stage {Index(state)}: the remaining {stage.Steps - made} of {stage.Steps} steps from {rate:G4}{(state.Decay ? ", decaying" : "")}, from the end of its probe."));
    }

    private List<SearchDecision> Finish(AutoLrsState state, StageSpan stage)
    {
        var decisions = new List<SearchDecision> { stage.Realise(Index(state), state.Realised) };
        if (state.Stage == Plan.Count - 1)
        {
            string told = state.Calibration.Coverage is { } coverage
                ? $" {coverage:P0} of the realised losses lay in the 80 % intervals of their forecasts."
                : "";
            decisions.Add(new CompleteSearch(state.Path!.Value, $"All {Problem.Steps} steps were trained, the last stage from {state.Chosen:G4}.{told}"));
        }

        return decisions;
    }

    /// <summary>The chosen rate failed: the next lower rate that survived, or half the rate from the stage's start.</summary>
    private SearchDecision FallBack(AutoLrsState state, StageSpan stage, string failure)
    {
        double failed = state.Chosen!.Value;
        Racer? own = state.Racers.FirstOrDefault(racer => racer.Rate == failed);
        int[] dropped = [.. own?.Chain ?? [], state.Path!.Value];
        Racer? next = state.Racers.Where(racer => racer.IsAlive && racer.Rate < failed).MaxBy(racer => racer.Rate);
        if (next is not null)
        {
            StageVerdict verdict = StageVerdict.Of(state, stage, Range);
            return Take(state, stage, next, verdict.ForecastOf(next), decay: false, verdict, dropped,
                $"{failed:G4} {failure}; {next.Rate:G4} is the next lower rate that survived.");
        }

        double half = failed / 2;
        double undecayed = IsAnnealed(state) ? half * Left(0) / Left(state.Stage) : half;
        return undecayed < Problem.MinRate / 8
            ? StageFailure.OfPath(failed, Index(state), stage.Start, Problem)
            : new ChooseRate(
                Index(state), "stage", stage.Start, stage.Steps, Runs(state, stage, half, 0, IsAnnealed(state)), half, Forecast: null, Candidates: [],
                Taken: [], dropped, $"Training diverged at {failed:G4}, and no lower rate survived in this stage: it is trained again at {half:G4}.");
    }
}
