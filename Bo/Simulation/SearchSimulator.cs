using Orchestrator.Bo.Schedules;
using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Simulation;

// Wall clock, in steps
//   ready(s)   the later of the observation that caused s and the end of its parent
//   start(s)   the later of ready(s) and the first free slot; stretches take slots in the order they were planned
//   end(s)     start + steps·1 + evaluations + overhead
// An observation is made when its stretch and all that are to be observed before it have ended.

/// <summary>
/// Drives a search as the product does, without it: decisions become stretches, stretches are run in memory, and their
/// observations are delivered in planned order. Time is counted in steps on a clock of its own, so that the wall clock of
/// any number of slots can be asked for.
/// </summary>
/// <param name="search">The search.</param>
/// <param name="trainer">What it trains.</param>
/// <param name="parallelism">`parallelTrialCount`: virtual slots of the planned order.</param>
/// <param name="slots">Slots of the simulated cluster; changes the wall clock and nothing else.</param>
/// <param name="overhead">What each stretch costs beside its steps, in steps.</param>
public sealed class SearchSimulator<TState>(
    ISearch search, ISimulatedTrainer<TState> trainer, int parallelism = 1, int slots = 1, double overhead = 0)
{
    private const int MostStretches = 100_000;

    /// <summary>Runs the search to its end.</summary>
    /// <exception cref="InvalidOperationException">It waits for nothing and has not ended, or does not end.</exception>
    public SimulatedSearch<TState> Run()
    {
        var run = new SimulatedSearch<TState>(trainer.Initial);
        SearchState state = search.Initial;
        PlannedOrder order = PlannedOrder.Create(parallelism);
        double[] free = new double[slots];
        double now = 0;
        while (true)
        {
            foreach (SearchDecision decision in search.Decide(state))
            {
                state = search.Apply(state, run.Record(new Decided(decision)));
                if (decision is PlanStretch { Stretch: var stretch })
                {
                    run.Execute(stretch, trainer);
                    order = order.Plan(stretch.Number, stretch.Parent, stretch.Steps);
                    Schedule(run, stretch, free, now);
                }
            }

            if (run.Ended)
            {
                run.Finish(state, now);
                return run;
            }

            int due = order.Next ?? throw new InvalidOperationException("The search waits for nothing and has not ended.");
            if (run.Stretches.Count > MostStretches)
            {
                throw new InvalidOperationException($"The search does not end: {MostStretches} stretches were planned.");
            }

            now = Math.Max(now, run.Stretches[due].WallEnd);
            order = order.Deliver();
            Observation observation = search.Digest(state, run.Stretches[due].Result);
            state = search.Apply(state, run.Record(new Observed(observation)));
        }
    }

    private void Schedule(SimulatedSearch<TState> run, Stretch stretch, double[] free, double now)
    {
        SimulatedRecord<TState> made = run.Stretches[stretch.Number];
        double ready = stretch.Parent is { } parent ? Math.Max(now, run.Stretches[parent].WallEnd) : now;
        if (made.Result.Outcome == StretchOutcome.Cancelled)
        {
            made.WallEnd = ready;
            return;
        }

        int slot = Array.IndexOf(free, free.Min());
        made.WallEnd = Math.Max(ready, free[slot]) + made.Result.Losses.Count + made.Evaluation + overhead;
        free[slot] = made.WallEnd;
    }
}

/// <summary>A stretch within a simulated search.</summary>
public sealed class SimulatedRecord<TState>(Stretch plan, StretchResult result, TState end, double evaluation)
{
    /// <summary>As it was planned.</summary>
    public Stretch Plan { get; } = plan;

    /// <summary>What came of it.</summary>
    public StretchResult Result { get; } = result;

    /// <summary>The state at its end.</summary>
    public TState End { get; } = end;

    /// <summary>Cost of its validations in steps.</summary>
    public double Evaluation { get; } = evaluation;

    /// <summary>Whether its steps are training.</summary>
    public bool OnPath { get; set; } = plan.Role == StretchRole.Path;

    /// <summary>When it ended on the simulated clock.</summary>
    public double WallEnd { get; set; }
}

/// <summary>All that happened in a simulated search, and what it cost.</summary>
public sealed class SimulatedSearch<TState>(TState initial)
{
    private readonly List<SearchEvent> _events = [];
    private readonly List<RateRun> _schedule = [];
    private readonly HashSet<int> _forgotten = [];
    private CompleteSearch? _complete;

    /// <summary>Its events in order: what a store would hold.</summary>
    public IReadOnlyList<SearchEvent> Events => _events;

    /// <summary>Its stretches by plan number.</summary>
    public List<SimulatedRecord<TState>> Stretches { get; } = [];

    /// <summary>The schedule that was found; its steps sum to those of the model.</summary>
    public IReadOnlyList<RateRun> Schedule => _schedule;

    /// <summary>Why it failed; null = it did not.</summary>
    public FailSearch? Failure { get; private set; }

    /// <summary>Whether it has completed or failed.</summary>
    public bool Ended => _complete is not null || Failure is not null;

    /// <summary>The search's state at its end.</summary>
    public SearchState? State { get; private set; }

    /// <summary>The trained model; the initial one where it failed.</summary>
    public TState Model => _complete is null ? initial : Stretches[_complete.Stretch].End;

    /// <summary>Steps on the path of the model.</summary>
    public long Training => Stretches.Where(s => s.OnPath).Sum(s => (long)s.Result.Losses.Count);

    /// <summary>Steps beside it.</summary>
    public long Search => Stretches.Where(s => !s.OnPath).Sum(s => (long)s.Result.Losses.Count);

    /// <summary>Validations, in steps.</summary>
    public double Evaluation => Stretches.Sum(s => s.Evaluation);

    /// <summary>Training + search + evaluation.</summary>
    public double Total => Training + Search + Evaluation;

    /// <summary>Wall clock in steps.</summary>
    public double Wall { get; private set; }

    /// <summary>Its decisions of a kind, in order.</summary>
    public IEnumerable<T> Decisions<T>()
        where T : SearchDecision => _events.OfType<Decided>().Select(e => e.Decision).OfType<T>();

    internal SearchEvent Record(SearchEvent e)
    {
        _events.Add(e);
        switch (e)
        {
            case Decided { Decision: ChooseRate choice }:
                Choose(choice);
                break;
            case Decided { Decision: CompleteSearch complete }:
                _complete = complete;
                break;
            case Decided { Decision: FailSearch failure }:
                Failure = failure;
                break;
            default:
                break;
        }

        return e;
    }

    internal void Execute(Stretch stretch, ISimulatedTrainer<TState> trainer)
    {
        if (stretch.Number != Stretches.Count)
        {
            throw new InvalidOperationException($"Stretch {stretch.Number} was planned as number {Stretches.Count}.");
        }

        SimulatedRecord<TState>? parent = stretch.Parent is { } number ? Stretches[number] : null;
        if (parent is not null && (!parent.Plan.Continues || parent.Plan.Start + parent.Plan.Steps != stretch.Start))
        {
            throw new InvalidOperationException($"Stretch {stretch.Number} cannot start from stretch {parent.Plan.Number}.");
        }

        if (parent is not null && _forgotten.Contains(parent.Plan.Number))
        {
            throw new InvalidOperationException(
                $"Stretch {stretch.Number} cannot start from stretch {parent.Plan.Number}, which is forgotten: it is off the path and old.");
        }

        if (parent is { Result.Outcome: not StretchOutcome.Succeeded })
        {
            Stretches.Add(new(stretch, new StretchResult(stretch.Number, StretchOutcome.Cancelled, [], []), parent.End, 0));
            return;
        }

        SimulatedStretch<TState> made = trainer.Run(parent is null ? initial : parent.End, stretch);
        Stretches.Add(new(stretch, made.Result, made.End, made.Evaluation));
    }

    internal void Finish(SearchState state, double wall) => (State, Wall) = (state, wall);

    private void Choose(ChooseRate choice)
    {
        IReadOnlyList<RateRun> kept = _schedule.CutAfter(choice.Start).Before;
        _schedule.Clear();
        _schedule.AddRange([.. kept, .. choice.Runs]);
        foreach (int taken in choice.Taken)
        {
            Stretches[taken].OnPath = true;
        }

        foreach (int dropped in choice.Dropped)
        {
            Stretches[dropped].OnPath = false;
        }

        _forgotten.UnionWith(StretchMemory.Forgettable([.. Stretches.Select(s => (s.Plan, s.OnPath))], choice.Stage));
    }
}
