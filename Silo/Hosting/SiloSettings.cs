using System.Net;
using Orchestrator.Grains.Pools;

namespace Orchestrator.Silo.Hosting;

/// <summary>What a silo is started with.</summary>
internal sealed record SiloSettings
{
    /// <summary>Folder of the job store.</summary>
    public required string Store { get; init; }

    /// <summary>Folder of the blobs.</summary>
    public required string Blobs { get; init; }

    /// <summary>Where it listens; port 0 = a free one.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>File to which the bound address is written when it is ready; null = none.</summary>
    public string? AddressFile { get; init; }

    /// <summary>Process whose end ends this one; null = none.</summary>
    public int? Parent { get; init; }

    /// <summary>Durations of leases.</summary>
    public required PoolOptions Pools { get; init; }

    /// <summary>Most pages the store may take, so that a full disk can be tried out; null = no bound.</summary>
    public long? MaxPages { get; init; }

    /// <summary>Log more than warnings.</summary>
    public bool Verbose { get; init; }
}
