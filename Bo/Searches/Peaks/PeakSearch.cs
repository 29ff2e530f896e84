using System.Collections.Immutable;
using Orchestrator.Bo.Schedules;

namespace Orchestrator.Bo.Searches.Peaks;

/// <summary>
/// The usual way to tune a schedule, as a baseline with its cost: a known shape is trained from the beginning at several
/// peaks, and the best is kept. One rung of full length is a grid or a set of quasi-random points; several rungs of growing
/// length are successive halving. Every step of a trial that is not kept is search.
/// </summary>
public sealed class PeakSearch : Search<PeakState>
{
    private readonly SearchProblem _problem;
    private readonly IReadOnlyList<PeakRung> _rungs;
    private readonly Func<double, long, IReadOnlyList<RateRun>> _schedule;

    /// <summary>A search.</summary>
    /// <param name="problem">What to train; its range is not looked at.</param>
    /// <param name="peaks">The peaks of the first rung, above 0.</param>
    /// <param name="rungs">The rungs; the first has as many trials as there are peaks, the last is as long as the training.</param>
    /// <param name="schedule">The runs of a schedule by its peak and its length.</param>
    public PeakSearch(
        SearchProblem problem, IReadOnlyList<double> peaks, IReadOnlyList<PeakRung> rungs, Func<double, long, IReadOnlyList<RateRun>> schedule)
    {
        ArgumentNullException.ThrowIfNull(problem);
        ArgumentNullException.ThrowIfNull(peaks);
        ArgumentNullException.ThrowIfNull(rungs);
        ArgumentNullException.ThrowIfNull(schedule);
        if (rungs.Count == 0 || rungs[0].Count != peaks.Count || rungs[^1].Steps != problem.Steps || rungs.Any(r => r.Count < 1 || r.Steps < 1)
            || rungs.Zip(rungs.Skip(1)).Any(pair => pair.Second.Count > pair.First.Count))
        {
            throw new ArgumentException(
                $"Rungs of at least one trial and step are wanted: the first for all {peaks.Count} peaks, none with more than the one before, the last of {problem.Steps} steps.",
                nameof(rungs));
        }

        if (peaks.Any(peak => !(peak > 0) || !double.IsFinite(peak)) || peaks.Distinct().Count() != peaks.Count)
        {
            throw new ArgumentException("Peaks must be finite, above 0, and different.", nameof(peaks));
        }

        _problem = problem;
        _rungs = rungs;
        _schedule = schedule;
        Initial = new PeakState(0, 0, [.. peaks.Order().Select(peak => new PeakTrial(peak, null, null, null, null))], null, false);
    }

    /// <inheritdoc/>
    public override SearchState Initial { get; }

    private protected override Observation Digest(PeakState state, StretchResult result)
    {
        double? score = result.Validations.Count > 0 && double.IsFinite(result.Validations[^1].Score) ? result.Validations[^1].Score : null;
        return new Observation(
            result.Stretch, result.Outcome, score, Deviation: null, Signal.First(result.Losses),
            Signal.Tail(result.Losses, Signal.Window(result.Losses.Count)));
    }

    private protected override IReadOnlyList<SearchDecision> DecideStep(PeakState state)
    {
        if (state.Ended || state.Trials.Any(trial => trial is { Stretch: not null, Outcome: null }))
        {
            return [];
        }

        if (state.Trials[0].Stretch is null)
        {
            return [.. state.Trials.Select((trial, i) => new PlanStretch(Train(state, trial.Peak, i)))];
        }

        PeakTrial[] ranked = state.Ranked;
        if (ranked.Length == 0)
        {
            string tried = string.Join(", ", state.Trials.Select(trial => $"{trial.Peak:G4}"));
            return [new FailSearch("no_stable_rate", $"Training diverged at every peak tried: {tried}. Try lower ones, or add a warm-up.")];
        }

        return state.Rung < _rungs.Count - 1 ? [Narrow(state, ranked)] : Choose(state, ranked[0]);
    }

    private protected override PeakState Apply(PeakState state, SearchDecision decision) => decision switch
    {
        _ when state.Ended => throw CannotFollow(decision),
        PlanStretch { Stretch: var stretch } when stretch.Number == state.NextStretch
            && state.Trials.FirstOrDefault(trial => trial.Stretch is null) is { } next => state with
            {
                NextStretch = state.NextStretch + 1,
                Trials = state.Trials.Replace(next, next with { Stretch = stretch.Number }),
            },
        ChooseRate { Kind: "rung" } when state.Rung < _rungs.Count - 1 => state with
        {
            Rung = state.Rung + 1,
            Trials = [.. Kept(state).Select(trial => new PeakTrial(trial.Peak, null, null, null, null)).OrderBy(trial => trial.Peak)],
        },
        ChooseRate { Kind: "rung" } => state,
        ChooseRate { Kind: "path", Taken: [var taken] } => state with { Chosen = taken },
        RealiseStage when state.Chosen is not null => state,
        CompleteSearch or FailSearch => state with { Ended = true },
        _ => throw CannotFollow(decision),
    };

    private protected override PeakState Apply(PeakState state, Observation observation)
    {
        PeakTrial trial = state.Trials.FirstOrDefault(t => t.Stretch == observation.Stretch && t.Outcome is null) ?? throw CannotFollow(observation);
        return state with
        {
            Trials = state.Trials.Replace(trial, trial with
            {
                Outcome = observation.Outcome,
                Score = observation.Outcome == StretchOutcome.Succeeded ? observation.Value : null,
                Last = observation.Last,
            }),
        };
    }

    private IEnumerable<PeakTrial> Kept(PeakState state) => state.Ranked.Take(_rungs[state.Rung + 1].Count);

    private Stretch Train(PeakState state, double peak, int index)
    {
        long steps = _rungs[state.Rung].Steps;
        bool full = steps == _problem.Steps;
        return new Stretch(
            state.NextStretch + index, null, 0, steps, _schedule(peak, steps), 0, StretchRole.Probe, Guard: null, 0, ValidateAtEnd: true,
            Continues: full, state.Rung, full
                ? $"Trial {index + 1} of {state.Trials.Length}: all {steps} steps with peak {peak:G4}."
                : $"Rung {state.Rung}, trial {index + 1} of {state.Trials.Length}: the schedule shortened to {steps} steps, with peak {peak:G4}.",
            FullValidation: true);
    }

    private ChooseRate Narrow(PeakState state, PeakTrial[] ranked)
    {
        int kept = Math.Min(ranked.Length, _rungs[state.Rung + 1].Count);
        return Record(state, ranked[0], $"The best {kept} of {state.Trials.Length} go on; {ranked[0].Peak:G4} is first with {ranked[0].Score:G4}.");
    }

    private SearchDecision[] Choose(PeakState state, PeakTrial best)
    {
        string reason = $"{best.Peak:G4} is the best of {state.Trials.Length} peaks trained in full: {best.Score:G4} at its end.";
        int stage = _rungs.Count;
        return
        [
            Record(state, best, reason),
            new ChooseRate(stage, "path", 0, _problem.Steps, _schedule(best.Peak, _problem.Steps), best.Peak, Forecast: null, Candidates: [],
                Taken: [best.Stretch!.Value], Dropped: [], reason),
            new RealiseStage(stage, best.Last, "Mean training loss over the last steps of the best trial."),
            new CompleteSearch(best.Stretch.Value, $"All trials are trained; the one with peak {best.Peak:G4} is the model."),
        ];
    }

    private ChooseRate Record(PeakState state, PeakTrial best, string reason) => new(
        state.Rung, "rung", 0, _rungs[state.Rung].Steps, Runs: [], best.Peak, Forecast: null,
        [.. state.Trials.Select(trial => new CandidateRecord(
            trial.Stretch!.Value, trial.Peak, _rungs[state.Rung].Steps, trial.Score is null ? StretchOutcome.Diverged : StretchOutcome.Succeeded,
            Forecast: null, trial.Score))],
        Taken: [], Dropped: [], reason);
}
