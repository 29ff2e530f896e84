using CsCheck;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Agent.Leasing;

namespace Orchestrator.Agent.Tests.Leasing;

public sealed class LeaseBoardTests
{
    [Fact]
    public void Room_is_for_the_free_slots_and_one_ahead_whatever_runs_and_waits() =>
        Gen.Select(Gen.Int[1, 8], Gen.Int[0, 8], Gen.Int[0, 20]).Sample((slots, running, waiting) =>
        {
            running = Math.Min(running, slots);
            var room = Room.For(slots, running, waiting);
            Assert.Equal(Math.Max(0, slots - running - waiting), room.Free);
            Assert.Equal(Math.Max(0, slots + 1 - running - waiting), room.Free + room.Ahead);
            Assert.InRange(room.Ahead, 0, 1);
        });

    [Fact]
    public async Task A_lease_is_held_until_its_result_is_received()
    {
        var board = new LeaseBoard(slots: 1);
        board.Queue(board.Accept([Work.Segment().As("a")]));
        HeldLease held = await board.TakeAsync(TestContext.Current.CancellationToken);
        Assert.Equal(new Room(0, 1), board.Look().Room);

        board.Ended();

        Assert.Equal(new Room(1, 1), board.Look().Room);
        Assert.Equal("a", Assert.Single(board.TakeProgress()).Token);
        board.Received(held.Lease.Token);
        Assert.Empty(board.TakeProgress());
    }

    [Fact]
    public void A_repeated_grant_is_taken_once()
    {
        var board = new LeaseBoard(slots: 2);
        board.AddSpooled(["spooled"]);

        Assert.Equal(2, board.Accept([Work.Segment().As("a"), Work.Segment().As("b")]).Count);
        Assert.Empty(board.Accept([Work.Segment().As("b"), Work.Segment().As("spooled")]));
        Assert.Equal(2, board.Busy);
    }

    [Fact]
    public async Task A_lease_that_was_stopped_while_it_waited_is_never_run_and_leaves_room()
    {
        var board = new LeaseBoard(slots: 1);
        board.Queue(board.Accept([Work.Segment().As("a"), Work.Segment().As("b")]));
        Task changed = board.Look().Changed;

        HeldLease? stopped = board.Stop("a", StopReason.Cancelled);

        Assert.Equal("a", stopped!.Lease.Token);
        Assert.True(changed.IsCompleted);
        Assert.Null(board.Stop("a", StopReason.Cancelled));
        Assert.Equal("b", (await board.TakeAsync(TestContext.Current.CancellationToken)).Lease.Token);
        Assert.Null(board.Stop("b", StopReason.Cancelled));
    }

    [Fact]
    public void A_stop_reaches_whoever_runs_the_lease_also_when_it_came_first()
    {
        var reasons = new List<StopReason>();
        var held = new HeldLease(Work.Segment().As("a"));
        Assert.True(held.TryBegin());

        held.Stop(StopReason.Paused);
        held.OnStop(reasons.Add);
        held.Stop(StopReason.Cancelled);

        Assert.Equal([StopReason.Paused, StopReason.Cancelled], reasons);
    }

    [Fact]
    public void Points_are_told_once_and_the_newest_of_too_many()
    {
        var held = new HeldLease(Work.Segment().As("a"));
        held.Report(new ProgressReply { Steps = 600, Columns = ["step"], Points = [.. Enumerable.Range(0, 600).Select(i => (IReadOnlyList<double?>)[i])] });

        var first = held.TakeProgress();
        var second = held.TakeProgress();

        Assert.Equal((600, 599.0), (first.Steps, first.Points![^1][0]!.Value));
        Assert.InRange(first.Points.Count, 1, 512);
        Assert.Equal((600, null), (second.Steps, second.Points));
    }
}
