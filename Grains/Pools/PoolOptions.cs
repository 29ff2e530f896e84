namespace Orchestrator.Grains.Pools;

/// <summary>The durations of leases, by monotonic clocks. Tests use 6, 2 and 1 s.</summary>
public sealed record PoolOptions
{
    /// <summary>Silence after which a lease is lost and its segment is offered again.</summary>
    /// <value>60 s; more than twice <see cref="Heartbeat"/>.</value>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Time after its activation in which a pool offers only segments planned since then, so that agents can say which
    /// ones they hold.
    /// </summary>
    /// <value>12 s; longer than <see cref="Heartbeat"/>.</value>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>How often agents are to be heard.</summary>
    /// <value>10 s.</value>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What is wrong with the durations; null = nothing.</summary>
    public string? Problem() => this switch
    {
        _ when Heartbeat <= TimeSpan.Zero => $"the heartbeat is {Heartbeat.TotalSeconds} s; more than 0 is wanted",
        _ when Lease <= 2 * Heartbeat =>
            $"the lease is {Lease.TotalSeconds} s; more than twice the heartbeat of {Heartbeat.TotalSeconds} s is wanted, so that one lost message costs nothing",
        _ when Grace < Heartbeat =>
            $"the grace is {Grace.TotalSeconds} s; at least the heartbeat of {Heartbeat.TotalSeconds} s is wanted, so that running segments are not offered twice",
        _ => null,
    };
}
