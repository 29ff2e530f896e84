using CsCheck;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Agent.Slots;
using Orchestrator.Workers.Agent.Trainers;

namespace Orchestrator.Agent.Tests.Slots;

public sealed class SlotMachineTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private static Assignment Segment(long seed = 1, long? memory = null, string? digest = null) => new()
    {
        Opening = new TrainerOpening(
            new TrainerCommand("trainer", []),
            new Dictionary<string, string>(),
            new OpenRequest { Protocol = 1, Workload = "w", Seed = seed }),
        Train = new TrainRequest
        {
            Segment = "job/0",
            Start = 10,
            Steps = 5,
            Plan = RatePlan.Constant(5, 0.1),
            Output = new CheckpointTarget("/out"),
        },
        Output = new CheckpointTarget("/out"),
        Hang = Hang,
        MemoryBytes = memory,
        Digest = digest,
    };

    private static SlotInput.Heard Ready(SlotState state, string digest = "d") => new(state.Generation, new ReadyReply
    {
        Re = state.Request,
        Parameters = 1,
        Description = new TrainerDescription
        {
            Protocol = 1,
            Trainer = new TrainerIdentity("t", "1", digest),
            Deterministic = true,
            Class = "c",
        },
    });

    private static SlotInput.Heard Done(SlotState state, long steps, bool checkpoint = true) => new(state.Generation, new DoneReply
    {
        Re = state.Request,
        Steps = steps,
        Checkpoint = checkpoint ? new CheckpointWritten(new string('0', 64), 1) : null,
    });

    private static SlotInput.Heard Failed(SlotState state, FailureKind kind, long? step = null) =>
        new(state.Generation, new FailedReply { Re = state.Request, Kind = kind, Message = "m", Step = step });

    /// <summary>The effects of inputs one after the other, all at one time.</summary>
    private static (SlotState State, IReadOnlyList<SlotEffect> Effects) Run(
        SlotState state, TimeSpan now, params IEnumerable<Func<SlotState, SlotInput>> inputs)
    {
        var effects = new List<SlotEffect>();
        foreach (Func<SlotState, SlotInput> input in inputs)
        {
            (state, IReadOnlyList<SlotEffect> more) = SlotMachine.Step(state, input(state), now);
            effects.AddRange(more);
        }

        return (state, effects);
    }

    private static SlotState Training(Assignment? assignment = null) =>
        Run(SlotState.Initial, TimeSpan.Zero, _ => new SlotInput.Assigned(assignment ?? Segment()), s => Ready(s)).State;

    private static SegmentVerdict Verdict(IReadOnlyList<SlotEffect> effects) =>
        Assert.Single(effects.OfType<SlotEffect.Conclude>()).Verdict;

    [Fact]
    public void A_first_segment_starts_opens_and_trains()
    {
        (SlotState state, IReadOnlyList<SlotEffect> effects) =
            Run(SlotState.Initial, TimeSpan.Zero, _ => new SlotInput.Assigned(Segment()), s => Ready(s), s => Done(s, 5));

        Assert.Collection(
            effects,
            e => Assert.IsType<SlotEffect.Start>(e),
            e => Assert.IsType<OpenRequest>(Assert.IsType<SlotEffect.Send>(e).Request),
            e => Assert.IsType<TrainRequest>(Assert.IsType<SlotEffect.Send>(e).Request),
            e => Assert.IsType<SegmentVerdict.Done>(Assert.IsType<SlotEffect.Conclude>(e).Verdict));
        Assert.Equal(SlotPhase.Warm, state.Phase);
    }

    [Fact]
    public void An_equal_opening_is_served_warm_and_another_by_a_new_process()
    {
        SlotState warm = Run(Training(), TimeSpan.Zero, s => Done(s, 5)).State;

        (_, IReadOnlyList<SlotEffect> same) = Run(warm, TimeSpan.Zero, _ => new SlotInput.Assigned(Segment()));
        (_, IReadOnlyList<SlotEffect> other) = Run(warm, TimeSpan.Zero, _ => new SlotInput.Assigned(Segment(seed: 2)));

        Assert.IsType<TrainRequest>(Assert.IsType<SlotEffect.Send>(Assert.Single(same)).Request);
        Assert.Equal(new SlotEffect.Discard(AtOnce: false), other[0]);
        Assert.IsType<SlotEffect.Start>(other[1]);
    }

    [Fact]
    public void Late_words_of_a_process_that_was_given_up_are_not_taken_for_its_successors()
    {
        SlotState first = Training();
        SlotState second = Run(
            first, TimeSpan.Zero, s => new SlotInput.Broken(s.Generation, "x"), _ => new SlotInput.Assigned(Segment())).State;

        (SlotState state, IReadOnlyList<SlotEffect> effects) =
            Run(second, TimeSpan.Zero, _ => new SlotInput.Exited(first.Generation, "killed"), _ => Done(first, 5));

        Assert.Empty(effects);
        Assert.Equal(second, state);
    }

    [Fact]
    public void Silence_is_a_hang_only_while_busy_and_a_report_ends_it()
    {
        SlotState state = Training();
        state = Run(state, Hang - TimeSpan.FromSeconds(1), s => new SlotInput.Heard(s.Generation, new ProgressReply { Steps = 2 })).State;

        Assert.Empty(Run(state, Hang, _ => new SlotInput.Tick()).Effects);

        (SlotState after, IReadOnlyList<SlotEffect> effects) = Run(state, (2 * Hang) - TimeSpan.FromSeconds(1), _ => new SlotInput.Tick());
        var failed = Assert.IsType<SegmentVerdict.Failed>(Verdict(effects));
        Assert.Equal(("hung", 2L), (failed.Failure.Kind, failed.Steps));
        Assert.Equal(SlotPhase.Empty, after.Phase);
        Assert.Empty(Run(after, 100 * Hang, _ => new SlotInput.Tick()).Effects);
    }

    [Fact]
    public void An_idle_trainer_is_closed_after_a_while()
    {
        SlotState warm = Run(Training(), TimeSpan.Zero, s => Done(s, 5)).State;

        Assert.Empty(Run(warm, SlotMachine.IdleLimit - TimeSpan.FromSeconds(1), _ => new SlotInput.Tick()).Effects);
        (SlotState state, IReadOnlyList<SlotEffect> effects) = Run(warm, SlotMachine.IdleLimit, _ => new SlotInput.Tick());

        Assert.Equal([new SlotEffect.Discard(AtOnce: false)], effects);
        Assert.Equal(SlotPhase.Empty, state.Phase);
    }

    [Fact]
    public void A_trainer_that_does_not_stop_in_time_is_given_up()
    {
        SlotState state = Run(Training(), TimeSpan.Zero, _ => new SlotInput.StopAsked(StopReason.Cancelled)).State;

        Assert.Empty(Run(state, SlotMachine.AbandonGrace - TimeSpan.FromSeconds(1), _ => new SlotInput.Tick()).Effects);
        IReadOnlyList<SlotEffect> effects = Run(state, SlotMachine.AbandonGrace, _ => new SlotInput.Tick()).Effects;

        Assert.Equal(new SlotEffect.Discard(AtOnce: true), effects[0]);
        Assert.IsType<SegmentVerdict.Released>(Verdict(effects));
    }

    [Fact]
    public void A_cancellation_overtakes_a_pause_but_not_the_other_way_round()
    {
        SlotState state = Training();

        Assert.Equal(2, Run(state, TimeSpan.Zero, _ => new SlotInput.StopAsked(StopReason.Paused), _ => new SlotInput.StopAsked(StopReason.Cancelled)).Effects.Count);
        Assert.Single(Run(state, TimeSpan.Zero, _ => new SlotInput.StopAsked(StopReason.Cancelled), _ => new SlotInput.StopAsked(StopReason.Paused)).Effects);
    }

    [Theory]
    [InlineData(StopReason.Paused, false, true)]
    [InlineData(StopReason.Draining, false, true)]
    [InlineData(StopReason.Cancelled, false, false)]
    [InlineData(StopReason.Paused, true, false)]
    public void A_stop_says_where_to_keep_a_prefix_that_has_no_place_yet(StopReason reason, bool output, bool told)
    {
        Assignment segment = Segment();
        segment = segment with { Train = segment.Train with { Output = output ? segment.Output : null } };

        SlotEffect effect = Assert.Single(Run(Training(segment), TimeSpan.Zero, _ => new SlotInput.StopAsked(reason)).Effects);

        var stop = Assert.IsType<StopRequest>(Assert.IsType<SlotEffect.Send>(effect).Request);
        Assert.Equal(told ? segment.Output : null, stop.Output);
    }

    [Theory]
    [InlineData(StopReason.Paused, 3, true, true)]
    [InlineData(StopReason.Draining, 3, true, true)]
    [InlineData(StopReason.Paused, 0, true, false)]
    [InlineData(StopReason.Paused, 3, false, false)]
    [InlineData(StopReason.Cancelled, 3, true, false)]
    [InlineData(StopReason.Superseded, 3, true, false)]
    [InlineData(StopReason.Cancelled, 5, true, true)]
    public void A_prefix_counts_where_the_rest_can_go_on_from_it(StopReason reason, long steps, bool checkpoint, bool counts)
    {
        IReadOnlyList<SlotEffect> effects =
            Run(Training(), TimeSpan.Zero, _ => new SlotInput.StopAsked(reason), s => Done(s, steps, checkpoint)).Effects;

        Assert.Equal(counts, Verdict(effects) is SegmentVerdict.Done);
    }

    [Theory]
    [InlineData(4, true)]
    [InlineData(6, true)]
    [InlineData(-1, true)]
    [InlineData(5, false)]
    public void A_result_that_is_not_what_was_asked_for_breaks_the_protocol(long steps, bool checkpoint)
    {
        var failed = Assert.IsType<SegmentVerdict.Failed>(Verdict(Run(Training(), TimeSpan.Zero, s => Done(s, steps, checkpoint)).Effects));

        Assert.Equal("protocol", failed.Failure.Kind);
    }

    [Theory]
    [InlineData(FailureKind.Error, "error", false)]
    [InlineData(FailureKind.OutOfMemory, "out_of_memory", false)]
    [InlineData(FailureKind.BadInput, "bad_input", false)]
    [InlineData(FailureKind.NoSpace, "no_space", true)]
    public void A_failure_keeps_its_kind_and_costs_the_process(FailureKind kind, string wire, bool workerFault)
    {
        (SlotState state, IReadOnlyList<SlotEffect> effects) = Run(Training(), TimeSpan.Zero, s => Failed(s, kind));

        var failed = Assert.IsType<SegmentVerdict.Failed>(Verdict(effects));
        Assert.Equal((wire, workerFault), (failed.Failure.Kind, failed.Failure.WorkerFault));
        Assert.Equal(SlotPhase.Empty, state.Phase);
    }

    [Fact]
    public void Divergence_keeps_the_process_and_counts_the_steps_before_it()
    {
        (SlotState state, IReadOnlyList<SlotEffect> effects) =
            Run(Training(), TimeSpan.Zero, s => Failed(s, FailureKind.Diverged, step: 12));

        Assert.Equal(2, Assert.IsType<SegmentVerdict.Diverged>(Verdict(effects)).Steps);
        Assert.Equal(SlotPhase.Warm, state.Phase);
    }

    [Fact]
    public void Memory_counts_only_above_the_limit_and_only_where_there_is_one()
    {
        SlotState limited = Training(Segment(memory: 100));

        Assert.Empty(Run(limited, TimeSpan.Zero, s => new SlotInput.MemoryRead(s.Generation, 100)).Effects);
        Assert.Empty(Run(Training(), TimeSpan.Zero, s => new SlotInput.MemoryRead(s.Generation, long.MaxValue)).Effects);
        var failed = Assert.IsType<SegmentVerdict.Failed>(
            Verdict(Run(limited, TimeSpan.Zero, s => new SlotInput.MemoryRead(s.Generation, 101)).Effects));
        Assert.Equal("memory_limit", failed.Failure.Kind);
    }

    [Fact]
    public void A_crash_after_a_stop_is_no_failure_of_the_segment()
    {
        IReadOnlyList<SlotEffect> effects = Run(
            Training(), TimeSpan.Zero, _ => new SlotInput.StopAsked(StopReason.Draining), s => new SlotInput.Exited(s.Generation, "x")).Effects;

        Assert.IsType<SegmentVerdict.Released>(Verdict(effects));
    }

    [Fact]
    public void Whatever_happens_every_segment_is_concluded_exactly_once()
    {
        Gen<Func<SlotState, SlotInput>> input = Gen.OneOf(
            Gen.Const<Func<SlotState, SlotInput>>(s => Ready(s)),
            Gen.Long[-1, 6].Select<long, Func<SlotState, SlotInput>>(n => s => Done(s, n)),
            Gen.Long[0, 5].Select<long, Func<SlotState, SlotInput>>(
                n => s => new SlotInput.Heard(s.Generation, new ProgressReply { Re = s.Request, Steps = n })),
            Gen.Enum<FailureKind>().Select<FailureKind, Func<SlotState, SlotInput>>(k => s => Failed(s, k)),
            Gen.Enum<StopReason>().Select<StopReason, Func<SlotState, SlotInput>>(r => _ => new SlotInput.StopAsked(r)),
            Gen.Int[0, 1].Select<int, Func<SlotState, SlotInput>>(age => s => new SlotInput.Exited(s.Generation - age, "x")),
            Gen.Const<Func<SlotState, SlotInput>>(s => new SlotInput.NotStarted(s.Generation, "x")),
            Gen.Const<Func<SlotState, SlotInput>>(s => new SlotInput.Broken(s.Generation, "x")),
            Gen.Const<Func<SlotState, SlotInput>>(s => new SlotInput.MemoryRead(s.Generation, 200)),
            Gen.Long[1, 2].Select<long, Func<SlotState, SlotInput>>(
                seed => s => s.Assignment is null ? new SlotInput.Assigned(Segment(seed, memory: 100)) : new SlotInput.Tick()));
        Gen.Select(input, Gen.Int[0, 40]).Array[0, 60].Sample(events =>
        {
            SlotState state = SlotState.Initial;
            TimeSpan now = TimeSpan.Zero;
            foreach ((Func<SlotState, SlotInput> make, int seconds) in events)
            {
                now += TimeSpan.FromSeconds(seconds);
                bool ran = state.Assignment is not null || make(state) is SlotInput.Assigned;
                (state, IReadOnlyList<SlotEffect> effects) = SlotMachine.Step(state, make(state), now);
                int concluded = effects.Count(e => e is SlotEffect.Conclude);
                bool runs = state.Assignment is not null;
                Assert.Equal(ran && !runs ? 1 : 0, concluded);
                Assert.Equal(runs, state.Phase is SlotPhase.Opening or SlotPhase.Training);
                Assert.Equal(state.Phase == SlotPhase.Empty, state.OpenKey is null);
            }

            // And if nothing more is heard, the watch ends it.
            (state, _) = SlotMachine.Step(state, new SlotInput.Tick(), now + Hang);
            Assert.Null(state.Assignment);
        });
    }
}
