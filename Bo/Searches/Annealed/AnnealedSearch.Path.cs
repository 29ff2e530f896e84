using Orchestrator.Bo.Schedules;

namespace Orchestrator.Bo.Searches.Annealed;

/// <content>The path: the winner's constant part, the peak held, the decay to 0.</content>
public sealed partial class AnnealedSearch
{
    /// <summary>Records the schedule that follows from an arm and a peak.</summary>
    private ChooseRate ChoosePath(AnnealedState state, Arm arm, double peak, string reason) => new(
        Stage(Rungs), "path", _start, _steps, Runs(arm, peak, peak), peak, Forecast: null, Candidates: [], Taken: arm.Chain, Dropped: [], reason);

    /// <summary>Steps after the warm-up at which the decay begins.</summary>
    private long HoldEnd(Arm arm) =>
        Math.Max(arm.Made, (long)Math.Round(_settings.Hold * _steps, MidpointRounding.AwayFromZero));

    private List<RateRun> Runs(Arm arm, double held, double peak)
    {
        long end = HoldEnd(arm);
        var runs = new List<RateRun> { new(arm.Made, arm.Rate, arm.Rate) };
        if (end > arm.Made)
        {
            runs.Add(new RateRun(end - arm.Made, held, held));
        }

        runs.Add(new RateRun(_steps - end, peak, 0));
        return runs;
    }

    private IReadOnlyList<SearchDecision> DecidePath(AnnealedState state, AnnealedPath path)
    {
        Arm arm = state.Find(path.Arm)!;
        if (path.Decay is null)
        {
            return Train(state, path, arm);
        }

        // A decay whose hold diverged is observed too, as cancelled: only then nothing of the old path is outstanding.
        return path.DecayOutcome switch
        {
            null => [],
            StretchOutcome.Succeeded =>
            [
                new RealiseStage(Stage(Rungs), path.Realised, "Mean training loss over the last steps of the decay."),
                new CompleteSearch(path.Decay.Value, $"All {_problem.Steps} steps were trained: {path.Peak:G4} held, then decayed linearly to 0."),
            ],
            _ => Reduce(path, arm),
        };
    }

    private List<SearchDecision> Train(AnnealedState state, AnnealedPath path, Arm arm)
    {
        long end = HoldEnd(arm);
        int parent = path.IsHeld ? path.Hold!.Value : arm.Chain[^1];
        var plans = new List<SearchDecision>();
        if (!path.IsHeld && end > arm.Made)
        {
            plans.Add(new PlanStretch(new Stretch(
                state.NextStretch, parent, _start + arm.Made, end - arm.Made, [new RateRun(end - arm.Made, path.Held, path.Held)], 0,
                StretchRole.Path, Guard: null, 0, ValidateAtEnd: false, Continues: true, Stage(Rungs),
                $"Goes on from the constant part of {arm.Rate:G4} and holds {path.Held:G4} to step {_start + end}.")));
            parent = state.NextStretch;
        }

        plans.Add(new PlanStretch(new Stretch(
            state.NextStretch + plans.Count, parent, _start + end, _steps - end, [new RateRun(_steps - end, path.Peak, 0)], 0,
            StretchRole.Path, Guard: null, 0, ValidateAtEnd: false, Continues: true, Stage(Rungs),
            $"Decays from {path.Peak:G4} linearly to 0 over the remaining {_steps - end} steps.")));
        return plans;
    }

    /// <summary>Takes the path up again at half its rate, from the last place where it was sound.</summary>
    private SearchDecision[] Reduce(AnnealedPath path, Arm arm)
    {
        if (path.Reductions >= _settings.MostReductions)
        {
            return
            [
                new FailSearch("diverged",
                    $"Training diverged at {path.Peak:G4} and at {path.Reductions} halvings of it, although {arm.Rate:G4} had not in its probes. Lower schedule.range (now {_problem.MinRate:G4} to {_problem.MaxRate:G4}) or add a warm-up."),
            ];
        }

        double peak = path.Peak / 2;
        AnnealedPath next = path.Reduced(peak);
        long from = _start + (path.IsHeld ? HoldEnd(arm) : arm.Made);
        string reason = $"Training diverged at {path.Peak:G4} after the probes had not: it goes on from step {from} at {peak:G4}.";
        int[] dropped = path.IsHeld || path.Hold is null ? [path.Decay!.Value] : [path.Hold.Value, path.Decay!.Value];
        return
        [
            new ReduceRate(path.Peak, peak, from, reason),
            new ChooseRate(Stage(Rungs), "path", _start, _steps, Runs(arm, next.Held, peak), peak, Forecast: null, Candidates: [],
                Taken: [], Dropped: dropped, reason),
        ];
    }
}
