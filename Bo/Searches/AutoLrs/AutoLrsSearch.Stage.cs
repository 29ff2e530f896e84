using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Schedules;

namespace Orchestrator.Bo.Searches.AutoLrs;

/// <content>A stage: the race of its candidates, the choice, the training of the rest.</content>
public sealed partial class AutoLrsSearch
{
    /// <summary>A decaying stage ends at this part of its rate.</summary>
    private const double DecayFactor = 10;

    /// <summary>Share of the stages after which one may decay: before, a decay only wins because the horizon is short.</summary>
    private const double LateStages = 2.0 / 3;

    /// <summary>Octaves below and above the running rate among which later stages look.</summary>
    private const int OctavesBelow = 3;
    private const int OctavesAbove = 2;

    private bool IsAnnealed(AutoLrsState state) => Settings.Anneal && state.Running is not null && state.Stage == Plan.Count - 1;

    private IReadOnlyList<SearchDecision> Race(AutoLrsState state, StageSpan stage)
    {
        if (IsAnnealed(state))
        {
            return [Keep(state, stage, "The last stage is annealed: the running rate decays linearly to 0.")];
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

        return [Choose(state, stage, verdict)];
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

    /// <summary>At first the whole range, equally spaced in log rate, ends included; later octaves about the running rate.</summary>
    private double[] Candidates(AutoLrsState state)
    {
        if (state.Running is not { } running)
        {
            return Range.Grid(Settings.Candidates);
        }

        double[] near = [.. Enumerable.Range(-OctavesBelow, OctavesBelow + OctavesAbove + 1).Select(octave => running * Math.Pow(2, octave))
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
        // The range holds for the end of a decay too: where stages are many, one decay upon another would leave no rate at all.
        bool late = Settings.Anneal && state.Stage >= LateStages * Plan.Count && winner.Rate / DecayFactor >= Problem.MinRate;
        if (late && verdict.Decayed(winner, winner.Rate / DecayFactor) is { } decayed && decayed.Mean < forecast.Mean - verdict.Tie)
        {
            return Take(state, stage, winner, decayed, decay: true, verdict, dropped: [],
                $"{why} Decaying from it to a tenth is expected to reach {decayed.Mean:G4} instead of {forecast.Mean:G4}.");
        }

        return Take(state, stage, winner, forecast, decay: false, verdict, dropped: [], why);
    }

    private ChooseRate Take(
        AutoLrsState state, StageSpan stage, Racer winner, Forecast forecast, bool decay, StageVerdict verdict, IReadOnlyList<int> dropped, string reason) => new(
        Index(state), "stage", stage.Start, stage.Steps, Runs(state, stage, winner.Rate, winner.Made, decay), winner.Rate, forecast,
        [
            .. state.Racers.Select(racer => new CandidateRecord(
                racer.Chain[^1], racer.Rate, racer.Made, racer.IsAlive ? StretchOutcome.Succeeded : StretchOutcome.Diverged,
                racer.IsAlive ? verdict.ForecastOf(racer) : null)),
        ],
        Taken: winner.Chain, dropped, reason);

    /// <summary>The running rate without probes; in the last stage it decays to 0.</summary>
    private ChooseRate Keep(AutoLrsState state, StageSpan stage, string reason) => new(
        Index(state), "stage", stage.Start, stage.Steps, Runs(state, stage, state.Running!.Value, 0, IsAnnealed(state)), state.Running, Forecast: null,
        Candidates: [], Taken: [], Dropped: [], reason);

    private List<RateRun> Runs(AutoLrsState state, StageSpan stage, double rate, long made, bool decay)
    {
        if (!decay)
        {
            return [new RateRun(stage.Steps, rate, rate)];
        }

        var down = new RateRun(stage.Steps - made, rate, IsAnnealed(state) ? 0 : rate / DecayFactor);
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
        return half < Problem.MinRate / 8
            ? StageFailure.OfPath(failed, Index(state), stage.Start, Problem)
            : new ChooseRate(
                Index(state), "stage", stage.Start, stage.Steps, Runs(state, stage, half, 0, IsAnnealed(state)), half, Forecast: null, Candidates: [],
                Taken: [], dropped, $"Training diverged at {failed:G4}, and no lower rate survived in this stage: it is trained again at {half:G4}.");
    }
}
