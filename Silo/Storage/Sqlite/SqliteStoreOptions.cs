namespace Orchestrator.Silo.Storage.Sqlite;

/// <summary>Where a SQLite job store lies, and its bounds.</summary>
public sealed record SqliteStoreOptions
{
    /// <summary>Folder of the store; created when it is missing. Holds jobs.db and its lock.</summary>
    public required string Folder { get; init; }

    /// <summary>Most pages of 4 KiB the database may have; null = as many as the disk holds.</summary>
    public long? MaxPages { get; init; }

    /// <summary>Most writes one transaction carries.</summary>
    /// <value>256.</value>
    public int BatchSize { get; init; } = 256;
}
