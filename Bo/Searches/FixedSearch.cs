using Orchestrator.Bo.Schedules;

namespace Orchestrator.Bo.Searches;

/// <summary>State of <see cref="FixedSearch"/>.</summary>
/// <param name="Scheduled">The schedule was recorded.</param>
/// <param name="Planned">The training was planned.</param>
/// <param name="Outcome">How it ended; null while it runs.</param>
/// <param name="Realised">Mean training loss over its last steps.</param>
/// <param name="Ended">The search completed or failed.</param>
public sealed record FixedState(bool Scheduled, bool Planned, StretchOutcome? Outcome, double? Realised, bool Ended)
    : SearchState;

/// <summary>No search: one training run under a schedule that was given, as one stretch.</summary>
public sealed class FixedSearch : Search<FixedState>
{
    private readonly SearchProblem _problem;
    private readonly IReadOnlyList<RateRun> _runs;

    /// <summary>A training run.</summary>
    /// <param name="problem">What to train; its range is not looked at.</param>
    /// <param name="runs">The schedule after the warm-up; steps sum to the problem's, less the warm-up's.</param>
    public FixedSearch(SearchProblem problem, IReadOnlyList<RateRun> runs)
    {
        ArgumentNullException.ThrowIfNull(problem);
        ArgumentNullException.ThrowIfNull(runs);
        long warmup = problem.Warmup?.Steps ?? 0;
        if (runs.TotalSteps() + warmup != problem.Steps)
        {
            throw new ArgumentException(
                $"The runs have {runs.TotalSteps()} steps; {problem.Steps - warmup} are wanted after the warm-up.", nameof(runs));
        }

        _problem = problem;
        _runs = runs;
    }

    /// <inheritdoc/>
    public override SearchState Initial { get; } = new FixedState(false, false, null, null, false);

    private int Stage => _problem.Warmup is { Steps: > 0 } ? 1 : 0;

    private protected override Observation Digest(FixedState state, StretchResult result) =>
        new(result.Stretch, result.Outcome, Value: null, Deviation: null,
            Signal.First(result.Losses), Signal.Tail(result.Losses, Signal.Window(_problem.Steps)));

    private protected override IReadOnlyList<SearchDecision> DecideStep(FixedState state) => state switch
    {
        { Ended: true } => [],
        { Scheduled: false } => Record(),
        { Planned: false } =>
        [
            new PlanStretch(new Stretch(0, null, 0, _problem.Steps, _runs.After(_problem.Warmup), 0, StretchRole.Path, null,
                ValidateEvery: 0, ValidateAtEnd: false, Continues: true, Stage,
                $"Trains all {_problem.Steps} steps under the schedule that was given.")),
        ],
        { Outcome: null } => [],
        { Outcome: StretchOutcome.Succeeded } =>
        [
            new RealiseStage(Stage, state.Realised, "Mean training loss over the last steps of the run."),
            new CompleteSearch(0, $"All {_problem.Steps} steps of the schedule were trained."),
        ],
        _ =>
        [
            new FailSearch("diverged",
                $"Training diverged under the schedule that was given, whose largest rate is {_runs.Max(run => Math.Max(run.From, run.To)):G4}. Lower it, lengthen the warm-up, or let a search find the rate."),
        ],
    };

    private protected override FixedState Apply(FixedState state, SearchDecision decision) => decision switch
    {
        ChooseRate { Kind: "warmup" } when !state.Scheduled => state,
        ChooseRate when !state.Scheduled => state with { Scheduled = true },
        PlanStretch when state is { Scheduled: true, Planned: false } => state with { Planned = true },
        RealiseStage when state is { Outcome: StretchOutcome.Succeeded, Ended: false } => state,
        CompleteSearch or FailSearch when state is { Outcome: not null, Ended: false } => state with { Ended = true },
        _ => throw CannotFollow(decision),
    };

    private protected override FixedState Apply(FixedState state, Observation observation) =>
        state is { Planned: true, Outcome: null } && observation.Stretch == 0
            ? state with { Outcome = observation.Outcome, Realised = observation.Last }
            : throw CannotFollow(observation);

    private List<SearchDecision> Record()
    {
        var decisions = new List<SearchDecision>();
        if (_problem.Warmup is { Steps: > 0 } warmup)
        {
            decisions.Add(WarmupStage.Choose(warmup));
        }

        long start = _problem.Steps - _runs.TotalSteps();
        decisions.Add(new ChooseRate(Stage, "path", start, _problem.Steps - start, _runs, Chosen: null, Forecast: null,
            Candidates: [], Taken: [], Dropped: [], "The schedule that was given."));
        return decisions;
    }
}
