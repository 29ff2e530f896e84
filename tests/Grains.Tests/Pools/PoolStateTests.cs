using CsCheck;
using Orchestrator.Contracts.Leases;
using Orchestrator.Grains.Pools;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Grains.Tests.Pools;

/// <summary>Which worker gets which segment, and when.</summary>
public sealed class PoolStateTests
{
    private const double Alive = 60;

    private readonly PoolState _pool = new();
    private int _leases;

    [Fact]
    public void The_highest_priority_goes_first_and_then_what_came_first()
    {
        Enqueue(Registrations.Queued(segment: 0), Registrations.Queued(segment: 1, priority: 5), Registrations.Queued(segment: 2, priority: 5), Registrations.Queued(segment: 3, priority: -1));
        Assert.Equal([1, 2, 0, 3], Take(Worker("a", slots: 4), free: 4));
    }

    [Fact]
    public void A_segment_that_is_offered_again_keeps_its_place()
    {
        Enqueue(Registrations.Queued(segment: 0), Registrations.Queued(segment: 1), Registrations.Queued(segment: 0));
        Assert.Equal([0, 1], Take(Worker("a", slots: 2), free: 2));
    }

    [Fact]
    public void No_more_is_granted_than_slots_are_free()
    {
        Enqueue(Registrations.Queued(segment: 0), Registrations.Queued(segment: 1), Registrations.Queued(segment: 2));
        Assert.Equal([0, 1], Take(Worker("a", slots: 2), free: 2));
    }

    [Fact]
    public void One_ahead_is_granted_when_more_wait_than_the_pool_has_free_slots()
    {
        Enqueue(Registrations.Queued(segment: 0), Registrations.Queued(segment: 1));
        Assert.Equal([0, 1], Take(Worker("a"), free: 1, ahead: 1));
    }

    [Fact]
    public void None_ahead_is_granted_while_another_worker_has_a_free_slot_for_it()
    {
        Worker("b");
        Enqueue(Registrations.Queued(segment: 0), Registrations.Queued(segment: 1));
        Assert.Equal([0], Take(Worker("a"), free: 1, ahead: 1));
        Enqueue(Registrations.Queued(segment: 2));
        Assert.Equal([0, 1], Take(Worker("a"), free: 1, ahead: 1));
    }

    [Fact]
    public void A_lease_ahead_takes_no_slot_of_another_worker()
    {
        // c holds two for its one slot; a holds one; b is free: the one that waits is b's.
        WorkerEntry a = Worker("a");
        Worker("b");
        Lease(a, 10);
        WorkerEntry c = Worker("c");
        Lease(c, 11);
        Lease(c, 12);
        Enqueue(Registrations.Queued(segment: 0));
        Assert.Empty(Take(a, free: 0, ahead: 1));
        Assert.Equal([0], Take(_pool.Workers["b"], free: 1, ahead: 1));
    }

    [Fact]
    public void A_worker_that_was_not_heard_for_long_or_rests_has_no_free_slots()
    {
        Worker("silent", heard: -Alive);
        Worker("resting").RestUntil = 5;
        Enqueue(Registrations.Queued(segment: 0), Registrations.Queued(segment: 1));
        Assert.Equal([0, 1], Take(Worker("a"), free: 1, ahead: 1));
    }

    [Fact]
    public void A_resting_worker_gets_nothing_until_it_has_rested()
    {
        WorkerEntry worker = Worker("a");
        worker.RestUntil = 5;
        Enqueue(Registrations.Queued());
        Assert.Empty(Take(worker, free: 1, now: 4.9));
        Assert.Equal([0], Take(worker, free: 1, now: 5));
    }

    [Fact]
    public void A_segment_avoids_the_worker_on_which_it_failed_while_another_could_run_it()
    {
        WorkerEntry failed = Worker("a");
        WorkerEntry other = Worker("b");
        Enqueue(Registrations.Queued(avoid: "a"));
        Assert.Empty(Take(failed, free: 1));
        Assert.Equal([0], Take(other, free: 1));
        other.RestUntil = 100;
        Assert.Equal([0], Take(failed, free: 1));
        other.RestUntil = 0;
        other.Replace(other.Registration with { Trainers = [] });
        Assert.Equal([0], Take(failed, free: 1));
    }

    [Fact]
    public void What_a_worker_cannot_run_is_left_for_others_and_what_is_behind_it_is_found()
    {
        Enqueue(Registrations.Queued(segment: 0, change: work => work with { Class = "cuda-h100" }), Registrations.Queued(segment: 1));
        Assert.Equal([1], Take(Worker("a"), free: 1));
    }

    [Fact]
    public void What_is_leased_is_not_granted_again_and_comes_back_when_its_lease_ends_without_it()
    {
        WorkerEntry worker = Worker("a");
        Enqueue(Registrations.Queued());
        LeaseEntry lease = Lease(worker, 0);
        Assert.False(_pool.IsQueued("j", 0));
        Enqueue(Registrations.Queued());
        Assert.Equal((0, true), (_pool.Planned, _pool.IsQueued("j", 0)));
        Assert.Empty(Take(worker, free: 1));
        Assert.True(_pool.Remove(lease.Claims.Lease, out _));
        Assert.Equal((1, 0), (_pool.Planned, _pool.Leases.Count));
        Assert.Equal([0], Take(worker, free: 1));
    }

    [Fact]
    public void What_ended_while_it_was_leased_does_not_come_back()
    {
        Enqueue(Registrations.Queued());
        LeaseEntry lease = Lease(Worker("a"), 0);
        Enqueue(Registrations.Queued());
        _pool.Dequeue("j", [0]);
        _pool.Remove(lease.Claims.Lease, out _);
        Assert.Equal(0, _pool.Planned);
    }

    [Fact]
    public void All_of_a_job_is_taken_out_of_the_queue_at_once_and_other_jobs_stay()
    {
        Enqueue(Registrations.Queued("j", 0), Registrations.Queued("k", 0), Registrations.Queued("j", 1));
        _pool.Dequeue("j", null);
        Assert.Equal((1, true), (_pool.Planned, _pool.IsQueued("k", 0)));
        _pool.Dequeue("nobody", null);
        _pool.Dequeue("k", [7]);
        Assert.Equal(1, _pool.Planned);
    }

    [Fact]
    public void What_was_planned_before_the_activation_waits_and_what_is_new_does_not()
    {
        WorkerEntry worker = Worker("a", slots: 2);
        _pool.Enqueue(Registrations.Queued(segment: 0), old: true);
        _pool.Enqueue(Registrations.Queued(segment: 1), old: false);
        Assert.Equal([1], Take(worker, free: 2, oldToo: false));
        Assert.Equal([0, 1], Take(worker, free: 2, oldToo: true));
    }

    [Fact]
    public void A_refresh_brings_what_was_missed()
    {
        long before = _pool.BeginRefresh();
        _pool.EndRefresh([Registrations.Queued(segment: 3)], complete: true, before);
        Assert.True(_pool.IsQueued("j", 3));
    }

    [Fact]
    public void A_refresh_brings_back_nothing_that_ended_or_was_leased_while_the_store_was_read()
    {
        WorkerEntry worker = Worker("a", slots: 3);
        Enqueue(Registrations.Queued(segment: 0), Registrations.Queued(segment: 1), Registrations.Queued(segment: 2));
        LeaseEntry old = Lease(worker, 2);
        long before = _pool.BeginRefresh();
        _pool.Dequeue("j", [0]);
        LeaseEntry quick = Lease(worker, 1);
        _pool.Remove(quick.Claims.Lease, out _);
        _pool.Remove(old.Claims.Lease, out _);
        _pool.EndRefresh([Registrations.Queued(segment: 0), Registrations.Queued(segment: 1), Registrations.Queued(segment: 2)], complete: true, before);
        Assert.Equal(0, _pool.Planned);
    }

    [Fact]
    public void A_refresh_takes_away_what_the_store_does_not_know_as_planned()
    {
        Enqueue(Registrations.Queued(segment: 0), Registrations.Queued(segment: 1));
        long before = _pool.BeginRefresh();
        Enqueue(Registrations.Queued(segment: 2));
        _pool.EndRefresh([Registrations.Queued(segment: 1)], complete: true, before);
        Assert.Equal((false, true, true), (_pool.IsQueued("j", 0), _pool.IsQueued("j", 1), _pool.IsQueued("j", 2)));
    }

    [Fact]
    public void A_refresh_that_saw_only_a_part_of_the_queue_takes_nothing_away()
    {
        Enqueue(Registrations.Queued(segment: 0));
        long before = _pool.BeginRefresh();
        _pool.EndRefresh([], complete: false, before);
        Assert.True(_pool.IsQueued("j", 0));
    }

    [Fact]
    public void Whatever_is_done_no_segment_is_leased_twice_and_none_is_forgotten() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 5]).Array[1, 60].Sample(steps =>
        {
            var pool = new PoolState();
            var worker = new WorkerEntry("a", Registrations.Worker(slots: 4)) { Heard = 0 };
            pool.Workers["a"] = worker;
            var wanted = new HashSet<int>();
            int leases = 0;
            foreach ((int act, int segment) in steps)
            {
                switch (act)
                {
                    case 0 or 1:
                        pool.Enqueue(Registrations.Queued(segment: segment), old: false);
                        wanted.Add(segment);
                        break;
                    case 2:
                        pool.Dequeue("j", [segment]);
                        wanted.Remove(segment);
                        break;
                    case 3:
                        foreach (SegmentWork work in pool.Take(worker, 1, 0, 0, true, Alive))
                        {
                            Assert.Contains(work.Segment, wanted);
                            pool.Add(new LeaseEntry(new LeaseClaims("j", work.Segment, $"l{leases++}", "a"), "t", "i1", 0));
                            wanted.Remove(work.Segment);
                        }

                        break;
                    default:
                        if (pool.TryGetLease("j", segment, out LeaseEntry? lease))
                        {
                            pool.Remove(lease.Claims.Lease, out _);
                        }

                        break;
                }

                Assert.Equal(pool.Leases.Count, pool.Leases.Values.Select(l => l.Claims.Segment).Distinct().Count());
                Assert.Equal(wanted.Order(), Enumerable.Range(0, 6).Where(s => pool.IsQueued("j", s)));
                Assert.Equal(wanted.Count(s => !pool.TryGetLease("j", s, out _)), pool.Planned);
            }
        });

    private WorkerEntry Worker(string name, int slots = 1, double heard = 0) =>
        _pool.Workers[name] = new WorkerEntry(name, Registrations.Worker(slots: slots)) { Heard = heard };

    private void Enqueue(params QueuedSegment[] segments)
    {
        foreach (QueuedSegment segment in segments)
        {
            _pool.Enqueue(segment, old: false);
        }
    }

    private LeaseEntry Lease(WorkerEntry worker, int segment)
    {
        var lease = new LeaseEntry(new LeaseClaims("j", segment, $"lease-{_leases++}", worker.Name), "token", worker.Registration.Instance, 0);
        _pool.Add(lease);
        return lease;
    }

    private IEnumerable<int> Take(WorkerEntry worker, int free, int ahead = 0, double now = 0, bool oldToo = true) =>
        _pool.Take(worker, free, ahead, now, oldToo, Alive).Select(work => work.Segment);
}
