using Orchestrator.Bo.Schedules;

namespace Orchestrator.Bo.Searches.Annealed;

/// <content>The rungs: which rates are probed, whether a probe may be paid, and what a rung says.</content>
public sealed partial class AnnealedSearch
{
    /// <summary>Rates of a wave of rung 1 over the best one of rung 0; the last is where a climb would go.</summary>
    private static readonly double[] WaveRates = [0.25, 0.5, 1, 2, 4];

    private IReadOnlyList<SearchDecision> DecideRung(AnnealedState state)
    {
        IReadOnlyList<double> wanted = state.Rung switch
        {
            0 => Scan(state),
            1 => Climb(state, _waves ? WaveRates : [1, 0.5], _settings.MostArms1),
            _ => Refine(state),
        };
        var decisions = new List<SearchDecision>();
        AnnealedState now = state;
        PeakSurrogate? surrogate = PeakSurrogate.Of(state, Lengths(state), _settings.Cap);
        foreach (double rate in wanted.Where(rate => rate > 0 && double.IsFinite(rate)))
        {
            double? gain = surrogate?.Improvement(rate);
            if (!Fits(now, rate) || !IsWorth(now, rate, gain))
            {
                continue;
            }

            foreach (PlanStretch plan in Probe(now, rate))
            {
                decisions.Add(plan with { Gain = gain });
                now = Apply(now, plan);
            }
        }

        return decisions.Count > 0 ? decisions : Close(state);
    }

    /// <summary>
    /// Whether a probe is expected to bring what its steps would bring as training. A rung's first rates are always tried:
    /// the range, what the rung before found best, and the neighbours that make a parabola: rates that short probes
    /// cannot tell apart may differ in the end. Where scores are level still, nothing is known.
    /// </summary>
    private bool IsWorth(AnnealedState state, double rate, double? gain)
    {
        bool first = state.Rung == 0 || state.In(state.Rung).Length <= state.Rung;
        bool blind = state.Rung == 2 ? IsFlat(state) : IsLevel([.. state.In(1).Where(arm => !arm.IsDead)]);
        return first || blind || gain is null || gain >= _settings.StepPrice * Cost(state, Lengths(state), rate) / _steps;
    }

    /// <summary>Rung 0: the range from its top down, until two rates in succession are worse than the best; then repairs.</summary>
    private IReadOnlyList<double> Scan(AnnealedState state)
    {
        var open = new List<double>();
        double best = double.PositiveInfinity;
        int worse = 0;
        for (double rate = _problem.MaxRate; rate >= _problem.MinRate * (1 - 1e-9) && worse < 2; rate /= _settings.Coarse)
        {
            if (state.Find(rate)?.Score(0) is not { } score)
            {
                open.Add(rate);
            }
            else if (score < best)
            {
                (best, worse) = (score, 0);
            }
            else if (double.IsFinite(best))
            {
                worse++;
            }
        }

        if (open.Count > 0)
        {
            return [.. open.Take(_waves ? int.MaxValue : _problem.Parallelism)];
        }

        if (!_settings.Repair || state.Repairs >= _settings.MostRepairs)
        {
            return [];
        }

        Arm[] tried = state.In(0);
        return state.BestOf(0) switch
        {
            null => [tried[0].Rate / _settings.Coarse],
            var top when top.Rate == tried[^1].Rate => [top.Rate * _settings.Coarse],
            var bottom when bottom.Rate == tried[0].Rate => [bottom.Rate / _settings.Coarse],
            _ => [],
        };
    }

    /// <summary>Rung 1: rates about rung 0's best, and beyond them while the best one is at an edge.</summary>
    private double[] Climb(AnnealedState state, double[] first, int most)
    {
        double[] open = [.. first.Select(factor => state.Best[0] * factor).Where(rate => state.Find(rate)?.Score(1) is null)];
        if (open.Length == first.Length || (_waves && open.Length > 0))
        {
            return open;
        }

        Arm[] tried = state.In(1);
        if (BestOf(state, 1) is not { } best)
        {
            return tried.Length < most + _settings.MostRepairs ? [tried[0].Rate / AnnealedSettings.Fine] : [];
        }

        return tried.Length >= most ? [] : Edges(state, 1, best);
    }

    /// <summary>
    /// The best arm of a rung. A wave of rung 1 tries the rate that a climb might lead to at once, so as not to wait for
    /// another wave; it counts only where the climb leads there. On a plateau it would be best by luck too often.
    /// </summary>
    private Arm? BestOf(AnnealedState state, int rung)
    {
        Arm? best = state.BestOf(rung);
        if (!_waves || rung != 1 || best is null || best != state.Find(state.Best[0] * WaveRates[^1]))
        {
            return best;
        }

        AnnealedState climbed = state with { Arms = state.Arms.Remove(best) };
        Arm? before = climbed.BestOf(rung);
        return before is null || before == state.Find(best.Rate / AnnealedSettings.Fine) ? best : before;
    }

    /// <summary>Rung 2: the best rate and its neighbours, the better one first, without those that are hopeless.</summary>
    private double[] Refine(AnnealedState state)
    {
        Arm[] tried = state.In(2);
        if (tried.Length == 0)
        {
            double best = state.Best[1];
            return
            [
                best,
                .. new[] { best / AnnealedSettings.Fine, best * AnnealedSettings.Fine }
                    .Where(rate => !IsHopeless(state, rate)).OrderBy(rate => state.Find(rate)?.Score(1) ?? double.MaxValue),
            ];
        }

        // In waves a further arm would cost a whole probe of wall clock.
        return !_waves && state.BestOf(2) is { } top && tried.Length < _settings.MostArms2 ? Edges(state, 2, top) : [];
    }

    /// <summary>The neighbours of the best rate that are neither tried nor hopeless.</summary>
    private double[] Edges(AnnealedState state, int rung, Arm best) =>
    [
        .. new[] { best.Rate * AnnealedSettings.Fine, best.Rate / AnnealedSettings.Fine }
            .Where(rate => state.Find(rate)?.Score(rung) is null && (rung < 2 || !IsHopeless(state, rate))),
    ];

    /// <summary>Whether rung 1 said so much against a rate that it only counts as a bracket.</summary>
    private bool IsHopeless(AnnealedState state, double rate) =>
        state.Find(rate)?.Score(1) is { } score && state.Find(state.Best[1])?.At(1)?.Score is { } best
        && score > PeakChoice.Above(best, _settings.Eliminate);

    /// <summary>The hard guard: whether a probe can be paid, with what is needed after it.</summary>
    private bool Fits(AnnealedState state, double rate)
    {
        RungLengths lengths = Lengths(state);
        double cost = Cost(state, lengths, rate);
        double reserve = state.Rung == 1 ? Reserve(lengths) : 0;
        bool repairs = state.Rung > 0 || state.Spent + cost <= _settings.RepairGuard * _steps;
        return repairs && state.Spent + cost + reserve - Kept(lengths) <= Guard * _steps;
    }

    /// <summary>What rung 1 leaves for rung 2: two arms that are extended.</summary>
    private double Reserve(RungLengths lengths) => 2 * (lengths[2] + Ahead(lengths, Rungs - 1) - lengths.Constant(1) + StretchCost.Validation);

    private double Cost(AnnealedState state, RungLengths lengths, double rate) =>
        lengths[state.Rung] + Ahead(lengths, state.Rung) - (state.Find(rate)?.Made ?? 0) + StretchCost.Validation;

    /// <summary>
    /// Steps for which an arm is trained on at its rate while its probe cools down. In waves slots are free then, and the
    /// winner of the last rung is on its way when it is known; the others' steps are what that costs.
    /// </summary>
    private long Ahead(RungLengths lengths, int rung) => _waves && rung == Rungs - 1 ? lengths.CoolDown(rung) : 0;

    /// <summary>Steps of the winner that become training.</summary>
    private long Kept(RungLengths lengths) => lengths.Constant(Rungs - 1) + Ahead(lengths, Rungs - 1);

    private RungLengths Lengths(AnnealedState state) => new(_settings, _steps, state.Doublings);

    /// <summary>Extends an arm at its constant rate to the length of the rung, and forks its cool-down; then runs ahead.</summary>
    private IEnumerable<PlanStretch> Probe(AnnealedState state, double rate)
    {
        RungLengths lengths = Lengths(state);
        Arm? arm = state.Find(rate);
        long made = arm?.Made ?? 0;
        long constant = lengths.Constant(state.Rung);
        long coolDown = lengths.CoolDown(state.Rung);
        int parent = state.NextStretch;
        int fork = parent + (constant > made ? 1 : 0);
        long from = Math.Max(made, constant);
        var guard = new DivergenceGuard(AnnealedSettings.GuardRise, AnnealedSettings.GuardPatience, state.FirstLoss > 0 ? state.FirstLoss : null);
        string what = $"Rung {state.Rung}: tries {rate:G4}";
        if (constant > made)
        {
            yield return new PlanStretch(new Stretch(
                state.NextStretch, arm?.Chain[^1] ?? state.Warmup, _start + made, constant - made, [new RateRun(constant - made, rate, rate)], 0,
                StretchRole.Probe, guard, 0, ValidateAtEnd: false, Continues: true, Stage(state.Rung),
                $"{what}, at a constant rate to step {_start + constant}{(made > 0 ? $" from step {_start + made} on" : "")}."));
        }
        else
        {
            parent = arm!.Chain[^1];
        }

        yield return new PlanStretch(new Stretch(
            fork, parent, _start + from, coolDown,
            [new RateRun(coolDown, rate * coolDown / (coolDown + 1), 0)], 0, StretchRole.Probe, guard, 0, ValidateAtEnd: true,
            Continues: false, Stage(state.Rung), $"{what}, cooled down to 0 over {coolDown} steps on a fork that is thrown away."));

        if (Ahead(lengths, state.Rung) is > 0 and var ahead)
        {
            yield return new PlanStretch(new Stretch(
                fork + 1, parent, _start + from, ahead, [new RateRun(ahead, rate, rate)], 0,
                StretchRole.Probe, guard, 0, ValidateAtEnd: false, Continues: true, Stage(state.Rung),
                $"{what}: goes on at it while that cools down, so that no time is lost if it wins."));
        }
    }

    /// <summary>What a rung says when no further probe of it is wanted, or none can be paid.</summary>
    private IReadOnlyList<SearchDecision> Close(AnnealedState state)
    {
        Arm? best = BestOf(state, state.Rung);
        if (best is null && state.Rung < 2)
        {
            return state.Rung == 1 && state.In(1).Length == 0 && state.BestOf(0) is { } first
                ? [ChoosePath(first, first.Rate, $"{first.Rate:G4} was best in rung 0, and no probe of rung 1 can be paid: it is the peak.")]
                : [NoStableRate(state)];
        }

        if (state.Rung == 1 && IsFlat(state))
        {
            return [CloseFlat(state, best!)];
        }

        if (state.Rung < 2)
        {
            return [Record(state, best!, $"{best!.Rate:G4} has the lowest score, {best.Score(state.Rung):G4}, of {state.In(state.Rung).Length} rates tried.")];
        }

        // Nothing was run in rung 2, or all of it died: what rung 1 found best among those that live.
        best ??= BestOf(state, 1);
        if (best is null)
        {
            return [NoStableRate(state)];
        }

        (double peak, string why) = Peak(state, best);
        return [Record(state, best, why), ChoosePath(best, peak, why)];
    }

    private (double Peak, string Why) Peak(AnnealedState state, Arm best)
    {
        if (best.At(2)?.Score is not { } score)
        {
            return (best.Rate, $"{best.Rate:G4} was best in rung 1, and rung 2 says nothing of it.");
        }

        double? below = Bracket(state, best.Rate / AnnealedSettings.Fine);
        double? above = Bracket(state, best.Rate * AnnealedSettings.Fine);
        double octaves = PeakChoice.Offset(below, score, above, _settings.Cap, _settings.OpenEdge);
        if (_settings.PosteriorPeak && below is not null && above is not null
            && PeakSurrogate.Of(state, Lengths(state), _settings.Cap) is { } surrogate)
        {
            octaves = Enumerable.Range(-32, 65).Select(i => i / 64.0).MinBy(o => surrogate.Predict(best.Rate * Math.Pow(2, o)).Mean);
        }

        double peak = best.Rate * Math.Pow(2, octaves);
        string lowest = $"{best.Rate:G4} has the lowest score, {score:G4}";
        return (peak, (below, above) switch
        {
            (null, null) => $"{lowest}; no neighbour was tried, so it is the peak.",
            (_, null) => $"{lowest}, and nothing above it was tried: the peak is {peak:G4}, a quarter of an octave higher.",
            (null, _) => $"{lowest}, and nothing below it was tried: it is the peak.",
            _ => $"{lowest}; the parabola through it and its neighbours has its vertex at {peak:G4}.",
        });
    }

    /// <summary>A rate's score in rung 2; +∞ where it was hopeless; null where it was not tried.</summary>
    private double? Bracket(AnnealedState state, double rate) =>
        state.Find(rate)?.Score(2) ?? (IsHopeless(state, rate) ? double.PositiveInfinity : null);

    private static bool IsWide(double[] rates) => rates.Length > 1 && rates[^1] / rates[0] >= 3.999;

    private bool IsFlat(AnnealedState state)
    {
        Arm[] alive = [.. state.In(1).Where(arm => !arm.IsDead)];
        return IsWide([.. alive.Select(arm => arm.Rate)]) && IsLevel(alive);
    }

    /// <summary>Whether two arms or more have scores of rung 1 that cannot be told apart.</summary>
    private bool IsLevel(Arm[] alive)
    {
        double[] scores = [.. alive.Select(arm => arm.Score(1)).OfType<double>()];
        return scores.Length > 1 && scores.Max() < PeakChoice.Above(scores.Min(), _settings.Flat);
    }

    /// <summary>
    /// Rates that cannot be told apart are tried again for twice as long, where that can be paid with all that follows;
    /// else the next rung, whose probes are longer anyway, goes on from here.
    /// </summary>
    private SearchDecision CloseFlat(AnnealedState state, Arm best)
    {
        var longer = new RungLengths(_settings, _steps, state.Doublings + 1);
        double again = state.In(1).Where(arm => !arm.IsDead).Sum(arm => longer[1] - arm.Made + StretchCost.Validation);
        string flat = $"Over {state.In(1).Length} rates of rung 1 the scores differ by less than {_settings.Flat - 1:P0}: training is on its first plateau still.";
        return state.Doublings == 0 && state.Spent + again + Reserve(longer) - Kept(longer) <= Guard * _steps
            ? new LengthenProbes(longer[1], $"{flat} Probes are made twice as long.")
            : Record(state, best, $"{flat} Longer ones cannot be paid: rung 2, whose probes are longer, goes on from {best.Rate:G4}.");
    }

    private ChooseRate Record(AnnealedState state, Arm best, string reason)
    {
        int rung = state.Rung;
        IEnumerable<CandidateRecord> tried = state.In(rung).Select(arm => (Arm: arm, Probe: arm.At(rung)!)).Select(made => new CandidateRecord(
            made.Probe.CoolDown, made.Arm.Rate, made.Probe.Steps, made.Probe.IsDead ? StretchOutcome.Diverged : StretchOutcome.Succeeded,
            Forecast: null, made.Probe.Score));
        IEnumerable<CandidateRecord> skipped = rung < 2
            ? []
            : state.In(1).Where(arm => arm.At(2) is null && IsHopeless(state, arm.Rate))
                .Select(arm => new CandidateRecord(arm.Chain[^1], arm.Rate, 0, StretchOutcome.Cancelled, Forecast: null));
        return new ChooseRate(
            Stage(rung), "rung", _start, Lengths(state)[rung], Runs: [], best.Rate, Forecast: null,
            [.. tried.Concat(skipped).OrderBy(candidate => candidate.Rate)], Taken: [], Dropped: [], reason);
    }

    private FailSearch NoStableRate(AnnealedState state)
    {
        string tried = string.Join(", ", state.Arms.OrderBy(arm => arm.Rate).Select(arm => $"{arm.Rate:G4}"));
        return new FailSearch(
            "no_stable_rate",
            $"Every one of the {state.Arms.Length} rates tried diverged: {tried}. Lower schedule.range (now {_problem.MinRate:G4} to {_problem.MaxRate:G4}), add a warm-up, or look for what is wrong with the model or its data.");
    }
}
