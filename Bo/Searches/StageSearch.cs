namespace Orchestrator.Bo.Searches;

/// <summary>What is common to the states of searches that go through the training stage by stage.</summary>
public interface IStageState
{
    /// <summary>Index of the stage, warm-up not counted.</summary>
    int Stage { get; }

    /// <summary>There is no warm-up, or it succeeded.</summary>
    bool WarmupDone { get; }

    /// <summary>Stretch under way, or just observed, on the path; null = none.</summary>
    int? Path { get; }

    /// <summary>How it ended; null while it runs.</summary>
    StretchOutcome? PathOutcome { get; }

    /// <summary>What came of it.</summary>
    double? Realised { get; }

    /// <summary>The search completed or failed.</summary>
    bool Ended { get; }
}

/// <summary>
/// A search that goes through the training stage by stage, after a warm-up that is given: what each stage tries, and how it
/// chooses, is up to the derived search.
/// </summary>
/// <typeparam name="TState">Its state.</typeparam>
public abstract class StageSearch<TState> : Search<TState>
    where TState : SearchState, IStageState
{
    /// <exception cref="ArgumentException">The range is none, there are fewer than 2 candidates, or stages do not fit.</exception>
    private protected StageSearch(SearchProblem problem, AutoLrsSettings settings)
    {
        ArgumentNullException.ThrowIfNull(problem);
        ArgumentNullException.ThrowIfNull(settings);
        (Problem, Settings) = (problem, settings);
        Plan = new StagePlan(problem, settings);
    }

    private protected SearchProblem Problem { get; }

    private protected AutoLrsSettings Settings { get; }

    private protected StagePlan Plan { get; }

    private protected LogRange Range => new(Problem.MinRate, Problem.MaxRate);

    private protected bool HasWarmup => Problem.Warmup is { Steps: > 0 };

    /// <summary>What is remembered of a stretch that is not the path's.</summary>
    private protected abstract Observation DigestProbe(TState state, StageSpan stage, StretchResult result);

    /// <summary>The next decisions within a stage.</summary>
    private protected abstract IReadOnlyList<SearchDecision> DecideStage(TState state, StageSpan stage);

    /// <summary>Index of the stage among all: a warm-up is stage 0.</summary>
    private protected int Index(TState state) => state.Stage + (HasWarmup ? 1 : 0);

    private protected sealed override Observation Digest(TState state, StretchResult result)
    {
        if (!state.WarmupDone)
        {
            return WarmupStage.Digest(result);
        }

        StageSpan stage = Plan[state.Stage];
        return result.Stretch == state.Path
            ? new Observation(
                result.Stretch, result.Outcome, stage.Realised(result), null, Signal.First(result.Losses), Signal.Tail(result.Losses, stage.Window))
            : DigestProbe(state, stage, result);
    }

    private protected sealed override IReadOnlyList<SearchDecision> DecideStep(TState state) => state switch
    {
        { Ended: true } => [],
        { WarmupDone: false } => WarmupStage.Decide(Problem.Warmup!, planned: state.Path is not null, state.PathOutcome, state.Realised),
        _ => DecideStage(state, Plan[state.Stage]),
    };
}
