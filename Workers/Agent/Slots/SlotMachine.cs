using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Agent.Slots;

/// <summary>
/// Supervision of a trainer as a pure function: state and input to next state and effects. It knows neither processes
/// nor clocks; <see cref="TrainerSlot"/> performs the effects and says what time it is.
/// </summary>
internal static class SlotMachine
{
    /// <summary>Time a trainer has to end a segment nobody wants.</summary>
    internal static readonly TimeSpan AbandonGrace = TimeSpan.FromSeconds(5);

    /// <summary>Time a trainer has to write a prefix when the agent is going away; the agent itself has ten seconds.</summary>
    internal static readonly TimeSpan DrainGrace = TimeSpan.FromSeconds(7);

    /// <summary>Time a warm trainer is kept for another segment of its job; it holds memory, and a device.</summary>
    internal static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(5);

    private const int LongestMessage = 4000;

    /// <summary>What becomes of <paramref name="state"/> at <paramref name="now"/>, and what to do, in order.</summary>
    internal static (SlotState State, IReadOnlyList<SlotEffect> Effects) Step(
        SlotState state, SlotInput input, TimeSpan now) => input switch
        {
            SlotInput.Assigned assigned => Assign(state, assigned.Assignment, now),
            SlotInput.StopAsked stop => AskToStop(state, stop.Reason, now),
            SlotInput.Tick => Watch(state, now),
            SlotInput.Heard heard when heard.Generation == state.Generation => Hear(state, heard.Reply, now),
            SlotInput.Broken broken when broken.Generation == state.Generation => Break(state, broken.Message),
            SlotInput.Exited exited when exited.Generation == state.Generation => Lose(state, "crashed", exited.Message, false),
            SlotInput.NotStarted failed when failed.Generation == state.Generation => Lose(state, "spawn", failed.Message, true),
            SlotInput.MemoryRead read when read.Generation == state.Generation => Weigh(state, read.Bytes),
            _ => (state, []),
        };

    private static (SlotState, IReadOnlyList<SlotEffect>) Assign(SlotState state, Assignment assignment, TimeSpan now)
    {
        if (state.Assignment is not null)
        {
            throw new InvalidOperationException("A slot runs one segment at a time.");
        }

        SlotState next = state with { Assignment = assignment, Heard = now, Steps = 0, Stop = null, Request = state.Request + 1 };
        if (state.OpenKey == assignment.Opening.Key)
        {
            return (next with { Phase = SlotPhase.Training }, [new SlotEffect.Send(assignment.Train with { Id = next.Request })]);
        }

        var effects = new List<SlotEffect>();
        if (state.OpenKey is not null)
        {
            effects.Add(new SlotEffect.Discard(AtOnce: false));
        }

        next = next with { Phase = SlotPhase.Opening, Generation = state.Generation + 1, OpenKey = assignment.Opening.Key };
        effects.Add(new SlotEffect.Start(next.Generation, assignment.Opening));
        effects.Add(new SlotEffect.Send(assignment.Opening.Open with { Id = next.Request }));
        return (next, effects);
    }

    private static (SlotState, IReadOnlyList<SlotEffect>) AskToStop(SlotState state, StopReason reason, TimeSpan now)
    {
        // A cancellation overtakes a pause; otherwise the first reason stays.
        if (state.Assignment is null || state.Stop is { } earlier && (!KeepsPrefix(earlier) || KeepsPrefix(reason)))
        {
            return (state, []);
        }

        if (state.Phase == SlotPhase.Opening)
        {
            // Not a step was made: there is nothing to keep, and a trainer that opens does not listen.
            return GiveUp(state, new SegmentVerdict.Released(0));
        }

        TimeSpan grace = reason switch
        {
            StopReason.Draining => DrainGrace,
            StopReason.Paused => state.Assignment.Hang,
            _ => AbandonGrace,
        };
        bool needsPlace = KeepsPrefix(reason) && state.Assignment.Train is { Output: null, Steps: > 0 };
        SlotEffect send = new SlotEffect.Send(new StopRequest
        {
            Id = state.Request + 1,
            Reason = reason,
            Output = needsPlace ? state.Assignment.Output : null,
        });

        // The awaited answer is still that of the train request, so its id stays.
        return (state with { Stop = reason, StopBy = now + grace }, [send]);
    }

    private static (SlotState, IReadOnlyList<SlotEffect>) Watch(SlotState state, TimeSpan now)
    {
        if (state.Assignment is not { } assignment)
        {
            return state.Phase == SlotPhase.Warm && now - state.Heard >= IdleLimit
                ? (state with { Phase = SlotPhase.Empty, OpenKey = null }, [new SlotEffect.Discard(AtOnce: false)])
                : (state, []);
        }

        if (state.Stop is not null && now >= state.StopBy)
        {
            return GiveUp(state, new SegmentVerdict.Released(state.Steps));
        }

        if (now - state.Heard >= assignment.Hang)
        {
            string what = state.Phase == SlotPhase.Opening ? "`open` was not answered" : "no protocol message came";
            return GiveUp(state, Failure(
                state, "hung", $"The trainer was ended: {what} for {assignment.Hang.TotalSeconds:0.#} s (hangSeconds)."));
        }

        return (state, []);
    }

    private static (SlotState, IReadOnlyList<SlotEffect>) Weigh(SlotState state, long bytes) =>
        state.Assignment?.MemoryBytes is { } limit && bytes > limit
            ? GiveUp(state, Failure(
                state, "memory_limit", $"The trainer was ended: it took {bytes} bytes of memory; the job allows {limit}."))
            : (state, []);

    private static (SlotState, IReadOnlyList<SlotEffect>) Break(SlotState state, string message) =>
        GiveUp(state, Failure(state, "protocol", $"The trainer was ended: it broke the trainer protocol: {message}"));

    private static (SlotState, IReadOnlyList<SlotEffect>) Lose(SlotState state, string kind, string message, bool workerFault)
    {
        if (state.Assignment is null)
        {
            return (state with { Phase = SlotPhase.Empty, OpenKey = null }, [new SlotEffect.Discard(AtOnce: true)]);
        }

        return GiveUp(state, state.Stop is null || workerFault
            ? Failure(state, kind, message, workerFault)
            : new SegmentVerdict.Released(state.Steps));
    }

    private static (SlotState, IReadOnlyList<SlotEffect>) Hear(SlotState state, TrainerReply reply, TimeSpan now)
    {
        if (state.Assignment is not { } assignment || (reply.Re is { } re && re != state.Request))
        {
            return (state, []);
        }

        state = state with { Heard = now };
        return (state.Phase, reply) switch
        {
            (SlotPhase.Opening, ReadyReply ready) => BeginTraining(state, assignment, ready),
            (SlotPhase.Training, ProgressReply progress) =>
                (state with { Steps = Math.Clamp(progress.Steps, 0, assignment.Train.Steps) }, [new SlotEffect.Report(progress)]),
            (SlotPhase.Training, DoneReply done) => Finish(state, assignment, done),
            (_, FailedReply failed) => Fail(state, assignment, failed),
            _ => (state, []),
        };
    }

    private static (SlotState, IReadOnlyList<SlotEffect>) BeginTraining(SlotState state, Assignment assignment, ReadyReply ready)
    {
        string digest = ready.Description.Trainer.Digest;
        if (assignment.Digest is { } wanted && wanted != digest)
        {
            string message = $"The trainer's digest is {digest}, the job was placed on {wanted}: "
                + "it was changed while the agent ran. Restart the agent.";
            return GiveUp(state, Failure(state, "spawn", message, workerFault: true));
        }

        SlotState next = state with { Phase = SlotPhase.Training, Request = state.Request + 1 };
        return (next, [new SlotEffect.Send(assignment.Train with { Id = next.Request })]);
    }

    private static (SlotState, IReadOnlyList<SlotEffect>) Finish(SlotState state, Assignment assignment, DoneReply done)
    {
        long planned = assignment.Train.Steps;
        bool hasOutput = assignment.Train.Output is null || done.Checkpoint is not null;
        if (done.Steps == planned && hasOutput)
        {
            return Rest(state, new SegmentVerdict.Done(done));
        }

        if (state.Stop is null || done.Steps < 0 || done.Steps > planned)
        {
            string wrong = done.Steps == planned
                ? "`done` names no checkpoint, and one was asked for"
                : $"`done` after {done.Steps} steps; {planned} were asked for";
            return Break(state, wrong);
        }

        // A prefix is of use only with the checkpoint from which the rest can go on.
        bool keeps = KeepsPrefix(state.Stop.Value) && done is { Steps: > 0, Checkpoint: not null };
        return Rest(state, keeps ? new SegmentVerdict.Done(done) : new SegmentVerdict.Released(done.Steps));
    }

    private static (SlotState, IReadOnlyList<SlotEffect>) Fail(SlotState state, Assignment assignment, FailedReply failed)
    {
        if (failed.Kind == FailureKind.Diverged)
        {
            long step = Math.Clamp(failed.Step ?? assignment.Train.Start + state.Steps,
                assignment.Train.Start, assignment.Train.Start + assignment.Train.Steps);
            var failure = new SegmentFailure("diverged", Shorten(failed.Message), step, failed.LastFiniteLoss);
            return Rest(state, new SegmentVerdict.Diverged(step - assignment.Train.Start, failure));
        }

        if (state.Stop is not null)
        {
            return GiveUp(state, new SegmentVerdict.Released(state.Steps));
        }

        (string kind, bool workerFault) = failed.Kind switch
        {
            FailureKind.OutOfMemory => ("out_of_memory", false),
            FailureKind.BadInput => ("bad_input", false),
            FailureKind.NoSpace => ("no_space", true),
            _ => ("error", false),
        };

        // After an error nobody knows what state the process is in.
        return GiveUp(state, Failure(state, kind, failed.Message, workerFault));
    }

    /// <summary>The segment ends and its process stays warm.</summary>
    private static (SlotState, IReadOnlyList<SlotEffect>) Rest(SlotState state, SegmentVerdict verdict) =>
        (state with { Phase = SlotPhase.Warm, Assignment = null, Stop = null }, [new SlotEffect.Conclude(verdict)]);

    /// <summary>The segment ends, if one ran, and its process with it.</summary>
    private static (SlotState, IReadOnlyList<SlotEffect>) GiveUp(SlotState state, SegmentVerdict verdict)
    {
        SlotState next = state with { Phase = SlotPhase.Empty, OpenKey = null, Assignment = null, Stop = null };
        SlotEffect discard = new SlotEffect.Discard(AtOnce: true);
        return (next, state.Assignment is null ? [discard] : [discard, new SlotEffect.Conclude(verdict)]);
    }

    private static SegmentVerdict.Failed Failure(SlotState state, string kind, string message, bool workerFault = false) =>
        new(state.Steps, new SegmentFailure(kind, Shorten(message), WorkerFault: workerFault));

    private static bool KeepsPrefix(StopReason reason) => reason is StopReason.Paused or StopReason.Draining;

    private static string Shorten(string message) =>
        message.Length <= LongestMessage ? message : message[..LongestMessage] + "…";
}
