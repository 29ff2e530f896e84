using CsCheck;
using Orchestrator.Bo.Numerics;
using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Tests.Searches;

/// <summary>The laws of virtual time, over random searches: what is planned, and when, is drawn from a seed.</summary>
public sealed class PlannedOrderTests
{
    private const int Stretches = 40;

    private static readonly Gen<(int Seed, int Slots)> Searches = Gen.Select(Gen.Int, Gen.Int[1, 5]);

    [Fact]
    public void Observations_come_by_virtual_end_and_then_by_plan_number() =>
        Searches.Sample(search =>
        {
            Timeline timeline = Run(search.Seed, search.Slots, workers: 3, arrivals: 1);
            Assert.Equal(Stretches, timeline.Delivered.Count);
            Assert.Equal(timeline.Planned.OrderBy(p => p.End).ThenBy(p => p.Stretch).Select(p => p.Stretch), timeline.Delivered);
        });

    [Fact]
    public void Neither_the_number_nor_the_speed_of_workers_changes_what_is_observed_when() =>
        Gen.Select(Searches, Gen.Int[1, 9], Gen.Int).Sample((search, workers, arrivals) =>
        {
            Timeline alone = Run(search.Seed, search.Slots, workers: 1, arrivals: 0);
            Timeline other = Run(search.Seed, search.Slots, workers, arrivals);
            Assert.Equal(alone.Delivered, other.Delivered);
            Assert.Equal(alone.Planned, other.Planned);
        });

    [Fact]
    public void A_stretch_starts_after_the_observation_that_caused_it_and_after_its_parent() =>
        Searches.Sample(search =>
        {
            Timeline timeline = Run(search.Seed, search.Slots, workers: 2, arrivals: 2);
            foreach (Plan plan in timeline.Planned)
            {
                Assert.True(plan.Start >= plan.Now, $"{plan} starts before the observation that caused it.");
                Assert.True(plan.Parent is not { } parent || plan.Start >= timeline.Planned[parent].End, $"{plan} starts before its parent ends.");
            }
        });

    [Fact]
    public void Never_more_stretches_overlap_than_there_are_slots() =>
        Searches.Sample(search =>
        {
            Timeline timeline = Run(search.Seed, search.Slots, workers: 2, arrivals: 3);
            Assert.All(timeline.Planned, plan =>
                Assert.InRange(timeline.Planned.Count(other => other.Start <= plan.Start && plan.Start < other.End), 1, search.Slots));
        });

    [Fact]
    public void As_many_stretches_as_slots_start_at_once_and_the_next_when_the_first_slot_is_free()
    {
        PlannedOrder order = PlannedOrder.Create(2).Plan(0, null, 10).Plan(1, null, 4).Plan(2, null, 4);
        Assert.Equal([new PlannedEnd(1, 4), new PlannedEnd(2, 8), new PlannedEnd(0, 10)], order.Outstanding);
    }

    [Fact]
    public void Of_equal_ends_the_lower_plan_number_is_first()
    {
        PlannedOrder order = PlannedOrder.Create(3).Plan(0, null, 5).Plan(1, null, 5).Plan(2, null, 5);
        Assert.Equal(0, order.Next);
        Assert.Equal(1, order.Deliver().Next);
        Assert.Equal(5, order.Deliver().Now);
    }

    [Fact]
    public void A_child_waits_for_its_parent_though_a_slot_is_free()
    {
        PlannedOrder order = PlannedOrder.Create(2).Plan(0, null, 10).Plan(1, 0, 5);
        Assert.Equal(new PlannedEnd(1, 15), order.Outstanding[1]);
    }

    [Fact]
    public void What_is_not_outstanding_cannot_be_delivered()
    {
        PlannedOrder empty = PlannedOrder.Create(1);
        Assert.Null(empty.Next);
        Assert.Throws<InvalidOperationException>(() => empty.Deliver());
        Assert.Throws<InvalidOperationException>(() => empty.Plan(0, null, 1).Deliver().Deliver());
        Assert.Throws<ArgumentOutOfRangeException>(() => PlannedOrder.Create(0));
    }

    [Fact]
    public void Planning_and_delivering_leave_the_order_they_started_from_as_it_was()
    {
        PlannedOrder order = PlannedOrder.Create(1).Plan(0, null, 3);
        _ = order.Plan(1, 0, 3);
        _ = order.Deliver();
        Assert.Equal([new PlannedEnd(0, 3)], order.Outstanding);
        Assert.Equal([3L], order.SlotFree);
    }

    /// <summary>
    /// A search of 40 stretches: after each observation, as many new ones as its seed and what was observed say, of
    /// lengths and parents that they say. The stretches are run by some workers, whose speeds the arrivals say.
    /// </summary>
    private static Timeline Run(int seed, int slots, int workers, int arrivals)
    {
        var order = PlannedOrder.Create(slots);
        var planned = new List<Plan>();
        var delivered = new List<int>();
        var waiting = new Queue<int>();
        var running = new List<int>();
        var arrived = new HashSet<int>();
        Random speed = RandomStreams.Generator(arrivals, "arrivals", workers);
        void Decide()
        {
            Random choice = RandomStreams.Generator(seed, "choice", (delivered.Count * 1000) + delivered.LastOrDefault());
            int count = Math.Min(Stretches - planned.Count, order.Next is null ? 1 + choice.Next(5) : choice.Next(4));
            for (int i = 0; i < count; i++)
            {
                int number = planned.Count;
                int? parent = number == 0 || choice.Next(3) == 0 ? null : choice.Next(number);
                long steps = 1 + choice.Next(6);
                order = order.Plan(number, parent, steps);
                long end = order.Outstanding.Single(outstanding => outstanding.Stretch == number).End;
                planned.Add(new Plan(number, parent, order.Now, end - steps, end));
                waiting.Enqueue(number);
            }
        }

        Decide();
        while (order.Next is not null)
        {
            while (running.Count < workers && waiting.TryDequeue(out int started))
            {
                running.Add(started);
            }

            int finished = running[speed.Next(running.Count)];
            running.Remove(finished);
            arrived.Add(finished);
            while (order.Next is { } due && arrived.Contains(due))
            {
                order = order.Deliver();
                delivered.Add(due);
                Decide();
            }
        }

        return new Timeline(planned, delivered);
    }

    private sealed record Plan(int Stretch, int? Parent, long Now, long Start, long End);

    private sealed record Timeline(List<Plan> Planned, List<int> Delivered);
}
