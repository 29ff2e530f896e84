using System.Collections.Immutable;
using Orchestrator.Bo.Schedules;

namespace Orchestrator.Bo.Searches.Annealed;

/// <content>The path: the winner's constant part, the peak held, the decay to 0; and those that race against it.</content>
public sealed partial class AnnealedSearch
{
    private bool Races => _settings.Race > 0;

    /// <summary>Whether the peak is held for as long as the training loss falls.</summary>
    private bool FollowsLoss => _settings.Hold is null && !Races;

    /// <summary>Steps after the warm-up at which the race is judged.</summary>
    private long JudgedAt(Arm arm) =>
        Math.Clamp(Share(_settings.RaceUntil), HoldEnd(arm), _steps);

    /// <summary>Steps after the warm-up at which the decay begins, at the latest.</summary>
    private long HoldEnd(Arm arm) =>
        Math.Max(arm.Made, Share(_settings.Hold ?? (Races ? AnnealedSettings.RaceHold : _settings.MostHold)));

    /// <summary>A share of T in whole steps. A half is rounded up, also one that a sum of shares misses by its last bit.</summary>
    private long Share(double share) => (long)Math.Round((share * _steps) + 1e-9, MidpointRounding.AwayFromZero);

    /// <summary>The next step after the warm-up at which is looked whether the loss still falls; half a window away at least.</summary>
    private long NextLook(long made)
    {
        // One look before the first that may end the hold: there have to be losses to compare with.
        for (int look = -1; ; look++)
        {
            long at = Share(_settings.LeastHold + (look * _settings.HoldLook));
            if (at - made >= Share(_settings.HoldLook / 2))
            {
                return at;
            }
        }
    }

    /// <summary>Records the schedule that follows from an arm and a peak.</summary>
    private ChooseRate ChoosePath(Arm arm, double peak, string reason) => new(
        Stage(Rungs), "path", _start, _steps, Runs(arm, peak), peak, Forecast: null, Candidates: [], Taken: arm.Chain, Dropped: [],
        FollowsLoss ? $"{reason} It is held while the training loss falls, to step {_start + NextLook(NextLook(arm.Made))} at least." : reason);

    /// <summary>The whole schedule of an arm and a peak; cut where the race is judged.</summary>
    private ImmutableArray<RateRun> Runs(Arm arm, double peak)
    {
        long end = HoldEnd(arm);
        var runs = new List<RateRun> { new(arm.Made, arm.Rate, arm.Rate) };
        if (end > arm.Made)
        {
            runs.Add(new RateRun(end - arm.Made, peak, peak));
        }

        var decay = new RateRun(_steps - end, peak, 0);
        long judged = Races ? JudgedAt(arm) : _steps;
        if (judged > end && judged < _steps)
        {
            double there = decay.At(judged - end);
            runs.Add(new RateRun(judged - end, peak, there));
            decay = new RateRun(_steps - judged, there, 0);
        }

        runs.Add(decay);
        return [.. runs];
    }

    /// <summary>The state after a choice of the path: the first one, one that replaces it at lower rates, or a rival's.</summary>
    private AnnealedState Chosen(AnnealedState state, ChooseRate choice)
    {
        if (state.Path is { } path)
        {
            bool judged = choice.Candidates.Count > 0;
            return judged
                ? state with { Path = Contenders(state).First(c => c.Runs.SequenceEqual(choice.Runs)), Rivals = [] }
                : state;
        }

        double peak = choice.Chosen!.Value;
        Arm arm = state.Find(choice.Runs[0].From)!;
        IEnumerable<AnnealedPath> rivals = AnnealedSettings.RaceFactors.Take(_settings.Race)
            .Select(factor => (Peak: peak * factor, Arm: Nearest(state, peak * factor, arm)))
            .Select(r => New(r.Arm, r.Peak));
        return state with { Path = New(arm, peak) with { Runs = [.. choice.Runs] }, Rivals = [.. rivals] };
    }

    private AnnealedPath New(Arm arm, double peak) => new(arm.Rate, peak, Runs(arm, peak), [], 0, null, null);

    /// <summary>
    /// Where a rival at a rate begins: at the path's own arm, or at the living one of the last rung that is nearer in octaves.
    /// What only earlier rungs tried is forgotten once the path is chosen.
    /// </summary>
    private static Arm Nearest(AnnealedState state, double rate, Arm path) => state.Arms
        .Where(arm => arm == path || (!arm.IsDead && arm.At(Rungs - 1) is not null))
        .OrderBy(arm => Math.Round(Math.Abs(Math.Log2(arm.Rate / rate)), 6)).ThenByDescending(arm => arm.Made).First();

    private static IEnumerable<AnnealedPath> Contenders(AnnealedState state) => [state.Path!, .. state.Rivals];

    private IReadOnlyList<SearchDecision> DecidePath(AnnealedState state, AnnealedPath path)
    {
        if (Contenders(state).Any(contender => contender.IsWaiting))
        {
            return [];
        }

        if (state.Rivals.Length > 0)
        {
            return state.Rivals.All(rival => rival.Pieces.Length == 0) ? Start(state) : Judge(state);
        }

        Arm arm = state.Find(path.Arm)!;
        if (path.IsBroken)
        {
            return Reduce(path, arm);
        }

        return path.Made(arm) == _steps ? End(path, arm)
            : EndsHold(path, arm) ? Decay(path, arm)
            : Train(state, path, arm);
    }

    /// <summary>Whether the peak was held for long enough, and the loss is not seen to fall any more; losses that are not told never do.</summary>
    private bool EndsHold(AnnealedPath path, Arm arm)
    {
        long made = path.Made(arm);
        return FollowsLoss && made >= Share(_settings.LeastHold) && made < path.Hold
            && path.Held is [.., { Mean: var before }, { Mean: var last }] && !(last < before);
    }

    /// <summary>Begins the decay where the path stands.</summary>
    private SearchDecision[] Decay(AnnealedPath path, Arm arm)
    {
        long made = path.Made(arm);
        string why = path.Held is [.., { Mean: { } before, End: var since }, { Mean: { } last }]
            ? $"{last:G4} over the last {made - since} steps, {before:G4} over those before"
            : "none was told";
        return
        [
            new ChooseRate(
                Stage(Rungs) + 1, "decay", _start + made, _steps - made, [new RateRun(_steps - made, path.Peak, 0)], path.Peak, Forecast: null,
                Candidates: [], Taken: [], Dropped: [],
                $"At {path.Peak:G4} the mean training loss is not seen to fall any more ({why}): the rate decays linearly to 0."),
        ];
    }

    /// <summary>
    /// The model. A run that over-fitted after the race was judged was better there: its fork is a finished run of fewer steps,
    /// and is kept where it has the lower held-out loss.
    /// </summary>
    private List<SearchDecision> End(AnnealedPath path, Arm arm)
    {
        var realised = new RealiseStage(Stage(Rungs), path.Realised, "Mean training loss over the last steps of the decay.");
        return path.Fork?.Score is { } forked && !(path.Score <= forked)
            ? [realised, .. Shorten(path, path.Fork, arm, StretchOutcome.Succeeded, $"over-fitted, to {path.Score ?? double.NaN:G4} at step {_problem.Steps}")]
            : [realised, new CompleteSearch(path.Sound!.Stretch, $"All {_problem.Steps} steps were trained: {path.Peak:G4} held, then decayed linearly to 0.")];
    }

    /// <summary>Ends the path with the fork on which it was cooled down; what was trained beyond is search.</summary>
    private SearchDecision[] Shorten(AnnealedPath path, RaceFork fork, Arm arm, StretchOutcome outcome, string why)
    {
        long judged = JudgedAt(arm);
        long end = judged + fork.Run.Steps;
        PathPiece[] beyond = [.. path.Pieces.Where(piece => piece.End > judged)];
        string reason = $"Its fork, cooled down at step {_start + end}, scored {fork.Score:G4} when the race was judged; training beyond {why}. Less is better: the fork is the model.";
        return
        [
            new ChooseRate(
                Stage(Rungs) + 1, "end", _start + judged, fork.Run.Steps, [fork.Run], fork.Peak, Forecast: null,
                [
                    new CandidateRecord(fork.Stretch, fork.Peak, end, StretchOutcome.Succeeded, Forecast: null, fork.Score),
                    new CandidateRecord(beyond[^1].Stretch, path.Peak, _steps, outcome, Forecast: null, path.Score),
                ],
                Taken: [fork.Stretch], Dropped: [.. beyond.Select(piece => piece.Stretch)], reason),
            new CompleteSearch(fork.Stretch, $"The model ends at step {_start + end}, cooled down."),
        ];
    }

    /// <summary>Plans the rest of a path: what is left of the hold, and the decay.</summary>
    private List<SearchDecision> Train(AnnealedState state, AnnealedPath path, Arm arm)
    {
        long made = path.Made(arm);
        int parent = path.Sound?.Stretch ?? arm.Chain[^1];
        var plans = new List<SearchDecision>();
        if (made < path.Hold)
        {
            long end = FollowsLoss ? Math.Min(NextLook(made), path.Hold) : path.Hold;
            plans.Add(Piece(state.NextStretch, parent, path, made, end, StretchRole.Path, validate: false,
                $"{(path.Sound is null ? $"Goes on from the constant part of {arm.Rate:G4} and holds" : "Holds")} {path.Peak:G4} to step {_start + end}."));
            if (end < path.Hold)
            {
                return plans;
            }

            (parent, made) = (state.NextStretch, end);
        }

        plans.Add(Piece(state.NextStretch + plans.Count, parent, path, made, _steps, StretchRole.Path, validate: path.Fork?.Score is not null,
            $"Decays from {path.Runs.Rates(made, 1).First():G4} linearly to 0 over the remaining {_steps - made} steps."));
        return plans;
    }

    /// <summary>A stretch of a path; it names the whole schedule, by which it is known whose it is.</summary>
    private PlanStretch Piece(
        int number, int parent, AnnealedPath path, long from, long to, StretchRole role, bool validate, string reason) =>
        new(new Stretch(
            number, parent, _start + from, to - from, path.Runs, from, role, Guard: null, 0, validate, Continues: true,
            Stage(Rungs), reason, FullValidation: validate));

    /// <summary>Sends the path and its rivals to where the race is judged.</summary>
    private List<SearchDecision> Start(AnnealedState state)
    {
        var plans = new List<SearchDecision>();
        foreach (AnnealedPath contender in Contenders(state))
        {
            Arm arm = state.Find(contender.Arm)!;
            bool path = ReferenceEquals(contender, state.Path);
            long judged = JudgedAt(arm);
            int number = state.NextStretch + plans.Count;
            plans.Add(Piece(number, arm.Chain[^1], contender, arm.Made, judged,
                path ? StretchRole.Path : StretchRole.Probe, validate: judged == _steps,
                path
                    ? $"Trains at {contender.Peak:G4} to step {_start + judged}, where the race is judged."
                    : $"Races against the path at {contender.Peak:G4}, another peak, in case the probes were too short to see what many epochs do."));
            if (judged < _steps)
            {
                plans.Add(CoolDown(number + 1, number, contender, judged));
            }
        }

        return plans;
    }

    /// <summary>The fork on which a contender is cooled down to be judged.</summary>
    private PlanStretch CoolDown(int number, int parent, AnnealedPath contender, long judged)
    {
        long steps = Math.Clamp(Share(_settings.RaceCoolDown), 1, _steps - judged);
        var run = new RateRun(steps, contender.Runs.Rates(judged, 1).First(), 0);
        return new PlanStretch(new Stretch(
            number, parent, _start + judged, steps, [run], 0, StretchRole.Probe, Guard: null, 0, ValidateAtEnd: true,
            Continues: true, Stage(Rungs), $"Cools {contender.Peak:G4} down to 0 over {steps} steps on a fork: so the race is judged.",
            FullValidation: true));
    }

    /// <summary>The state after a probe beside the path was planned: a rival, which names its schedule, or a fork of a contender.</summary>
    private AnnealedState PlannedInRace(AnnealedState state, Stretch stretch)
    {
        if (state.Rivals.FirstOrDefault(r => r.Runs.SequenceEqual(stretch.Runs)) is { } rival)
        {
            return state with { Rivals = state.Rivals.Replace(rival, rival.Plan(stretch, _start)) };
        }

        AnnealedPath Forked(AnnealedPath contender) => contender.Has(stretch.Parent!.Value) ? contender.PlanFork(stretch) : contender;
        return state with { Path = Forked(state.Path!), Rivals = [.. state.Rivals.Select(Forked)] };
    }

    /// <summary>The lowest held-out loss goes on; the path does where all diverged.</summary>
    private IReadOnlyList<SearchDecision> Judge(AnnealedState state)
    {
        AnnealedPath[] contenders = [.. Contenders(state)];
        AnnealedPath path = state.Path!;
        AnnealedPath winner = contenders.Where(c => !c.IsBroken && c.Judged is not null).MinBy(c => c.Judged!.Value) ?? path;
        Arm arm = state.Find(winner.Arm)!;
        long judged = JudgedAt(arm);
        CandidateRecord[] candidates = [.. contenders.OrderBy(c => c.Peak).Select(c => new CandidateRecord(
            c.Pieces[^1].Stretch, c.Peak, c.Pieces[^1].End - state.Find(c.Arm)!.Made,
            c.IsBroken ? StretchOutcome.Diverged : StretchOutcome.Succeeded, Forecast: null, c.Judged))];
        string reason = winner.Judged is { } best
            ? $"At step {_start + judged} the peak of {winner.Peak:G4} has the lowest held-out loss{(judged < _steps ? ", once cooled down" : "")}, {best:G4}, of {contenders.Length} that raced: it goes on alone."
            : $"None of {contenders.Length} that raced has a score: the path goes on, or is taken up again at a lower rate where it diverged.";
        bool stays = ReferenceEquals(winner, path);
        int[] taken = stays ? [] : [.. arm.Chain.Except(state.Find(path.Arm)!.Chain), .. winner.Pieces.Select(piece => piece.Stretch)];
        int[] dropped = stays ? [] : [.. state.Find(path.Arm)!.Chain.Except(arm.Chain), .. path.Pieces.Select(piece => piece.Stretch)];
        return
        [
            new ChooseRate(Stage(Rungs), "path", _start, _steps, winner.Runs, winner.Peak, Forecast: null, candidates, taken, dropped, reason),
        ];
    }

    /// <summary>Takes the path up again at half its rate, from the last place where it was sound.</summary>
    private SearchDecision[] Reduce(AnnealedPath path, Arm arm)
    {
        if (path.Reductions >= _settings.MostReductions)
        {
            if (path.Fork is { Score: not null } fork)
            {
                return Shorten(path, fork, arm, StretchOutcome.Diverged, $"diverged, at {path.Reductions} halvings of its rate too");
            }

            return
            [
                new FailSearch("diverged",
                    $"Training diverged at {path.Peak:G4} and at {path.Reductions} halvings of it, although {arm.Rate:G4} had not in its probes. Lower schedule.range (now {_problem.MinRate:G4} to {_problem.MaxRate:G4}) or add a warm-up."),
            ];
        }

        AnnealedPath next = path.Halved(arm);
        long from = _start + path.Made(arm);
        string reason = $"Training diverged at {path.Peak:G4} after the probes had not: it goes on from step {from} at {next.Peak:G4}.";
        return
        [
            new ReduceRate(path.Peak, next.Peak, from, reason),
            new ChooseRate(Stage(Rungs), "path", _start, _steps, next.Runs, next.Peak, Forecast: null, Candidates: [],
                Taken: [], Dropped: [.. path.Pieces.Where(piece => piece.Outcome != StretchOutcome.Succeeded).Select(piece => piece.Stretch)], reason),
        ];
    }
}
