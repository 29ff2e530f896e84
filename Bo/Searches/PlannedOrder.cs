using System.Collections.Immutable;

namespace Orchestrator.Bo.Searches;

/// <summary>
/// The order in which a search observes its stretches, whatever the order in which they finish.
/// A stretch starts, virtually, when the first of <c>P</c> virtual slots is free, its parent has ended and the
/// observation that caused it was made; it ends its planned steps later. Observations are delivered by
/// (virtual end, plan number). Nothing here knows real time, so neither the number and speed of workers nor a
/// crash changes what a search sees.
/// </summary>
/// <param name="Now">Virtual time of the last delivered observation, in steps.</param>
/// <param name="SlotFree">For each virtual slot, when it is free.</param>
/// <param name="Outstanding">Stretches planned and not yet delivered, sorted by (End, Stretch).</param>
public sealed record PlannedOrder(long Now, ImmutableArray<long> SlotFree, ImmutableArray<PlannedEnd> Outstanding)
{
    /// <summary>The order before anything was planned, with <paramref name="slots"/> virtual slots.</summary>
    public static PlannedOrder Create(int slots)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        return new PlannedOrder(0, [.. Enumerable.Repeat(0L, slots)], []);
    }

    /// <summary>The stretch whose observation is due next; null when nothing is outstanding.</summary>
    public int? Next => Outstanding.IsEmpty ? null : Outstanding[0].Stretch;

    /// <summary>The order after a stretch was planned, caused by what was observed up to <see cref="Now"/>.</summary>
    /// <param name="stretch">Plan number.</param>
    /// <param name="parent">Plan number of its parent, which may be outstanding still; null = none.</param>
    /// <param name="steps">Planned steps.</param>
    public PlannedOrder Plan(int stretch, int? parent, long steps)
    {
        int slot = 0;
        for (int i = 1; i < SlotFree.Length; i++)
        {
            if (SlotFree[i] < SlotFree[slot])
            {
                slot = i;
            }
        }

        long start = Math.Max(Now, SlotFree[slot]);
        foreach (PlannedEnd other in Outstanding)
        {
            if (other.Stretch == parent)
            {
                start = Math.Max(start, other.End);
            }
        }

        var end = new PlannedEnd(stretch, start + steps);
        int at = 0;
        while (at < Outstanding.Length && Outstanding[at].CompareTo(end) < 0)
        {
            at++;
        }

        return this with { SlotFree = SlotFree.SetItem(slot, end.End), Outstanding = Outstanding.Insert(at, end) };
    }

    /// <summary>The order after the observation that was due (<see cref="Next"/>) was delivered.</summary>
    /// <exception cref="InvalidOperationException">Nothing is outstanding.</exception>
    public PlannedOrder Deliver()
    {
        if (Outstanding.IsEmpty)
        {
            throw new InvalidOperationException("No stretch is outstanding, so no observation can be delivered.");
        }

        return this with { Now = Math.Max(Now, Outstanding[0].End), Outstanding = Outstanding.RemoveAt(0) };
    }
}

/// <summary>When a stretch ends in virtual time.</summary>
public readonly record struct PlannedEnd(int Stretch, long End) : IComparable<PlannedEnd>
{
    /// <inheritdoc/>
    public int CompareTo(PlannedEnd other)
    {
        int byEnd = End.CompareTo(other.End);
        return byEnd != 0 ? byEnd : Stretch.CompareTo(other.Stretch);
    }

    public static bool operator <(PlannedEnd left, PlannedEnd right) => left.CompareTo(right) < 0;

    public static bool operator >(PlannedEnd left, PlannedEnd right) => left.CompareTo(right) > 0;

    public static bool operator <=(PlannedEnd left, PlannedEnd right) => left.CompareTo(right) <= 0;

    public static bool operator >=(PlannedEnd left, PlannedEnd right) => left.CompareTo(right) >= 0;
}
