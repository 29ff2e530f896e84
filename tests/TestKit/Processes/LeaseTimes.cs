using System.Globalization;

namespace Orchestrator.TestKit.Processes;

/// <summary>The durations of leases a silo is started with, in seconds.</summary>
public sealed record LeaseTimes(double Lease, double Grace, double Heartbeat)
{
    /// <summary>
    /// What tests use. The grace is as long as a lease: an agent beside busy trainers is late with its first heartbeat
    /// after a restart, and a lease that nobody claimed in time costs steps.
    /// </summary>
    public static LeaseTimes Short { get; } = new(6, 6, 1);

    /// <summary>What a silo does by itself.</summary>
    public static LeaseTimes Real { get; } = new(60, 12, 10);

    /// <summary>The options that say so.</summary>
    public IReadOnlyList<string> Options =>
    [
        "--lease-seconds", Lease.ToString(CultureInfo.InvariantCulture),
        "--grace-seconds", Grace.ToString(CultureInfo.InvariantCulture),
        "--heartbeat-seconds", Heartbeat.ToString(CultureInfo.InvariantCulture),
    ];
}
