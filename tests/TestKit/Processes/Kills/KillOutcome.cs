using Orchestrator.Contracts.Jobs;

namespace Orchestrator.TestKit.Processes.Kills;

/// <summary>A kill that was made.</summary>
/// <param name="Moment">The moment drawn.</param>
/// <param name="Event">Number of the job's last event before it.</param>
/// <param name="Leases">Leases that were held just before: slots that were busy, and one ahead.</param>
public sealed record Kill(KillMoment Moment, long Event, int Leases);

/// <summary>What came of a job under kills.</summary>
/// <param name="Kills">Those made: fewer than drawn where the job ended before.</param>
/// <param name="Result">Its result.</param>
/// <param name="Differences">Where it differs from the undisturbed one.</param>
/// <param name="Repeated">Segments that were run again, with why.</param>
public sealed record KillOutcome(
    IReadOnlyList<Kill> Kills, JobResult Result, IReadOnlyList<string> Differences, IReadOnlyList<string> Repeated)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{string.Join("; ", Kills.Select(kill => $"{kill.Moment}, after event {kill.Event}, {kill.Leases} leases held"))}: "
        + $"{(Differences.Count == 0 ? "the same result" : string.Join(", ", Differences))}, {Result.Steps.Lost} steps lost, repeated: "
        + (Repeated.Count == 0 ? "nothing" : string.Join(", ", Repeated));
}
