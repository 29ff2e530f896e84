using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Leases;
using Orchestrator.Workers.Agent.Storage;

namespace Orchestrator.Workers.Agent.Results;

/// <summary>Results on disk from before they are first sent until the silo has received them: a file each.</summary>
internal sealed partial class ResultSpool(string folder, ILogger logger)
{
    private const string Suffix = ".json";

    /// <summary>Makes a result durable; under the same token it replaces the earlier one.</summary>
    /// <exception cref="IOException">See <see cref="DiskFull"/>.</exception>
    internal void Add(Completion completion) =>
        DurableFile.Write(FileOf(completion.Token), JsonSerializer.SerializeToUtf8Bytes(completion, WireJson.Options));

    /// <summary>The silo has it.</summary>
    internal void Remove(string token) => DurableFile.DeleteQuietly(FileOf(token));

    /// <summary>Takes a result the silo refuses out of the way, for people to look at.</summary>
    internal void SetAside(string token)
    {
        try
        {
            File.Move(FileOf(token), FileOf(token) + ".refused", overwrite: true);
        }
        catch (IOException)
        {
            // It was never on disk, since that is full.
        }
    }

    /// <summary>Deletes what an earlier run was just writing. Nothing may be added meanwhile.</summary>
    internal void Sweep()
    {
        foreach (string file in Directory.EnumerateFiles(folder, "*" + DurableFile.TemporarySuffix))
        {
            DurableFile.DeleteQuietly(file);
        }
    }

    /// <summary>What has not been delivered, in no particular order.</summary>
    internal IReadOnlyList<Completion> Load() =>
        [.. Directory.EnumerateFiles(folder, "*" + Suffix).Select(Read).OfType<Completion>()];

    private Completion? Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<Completion>(File.ReadAllBytes(file), WireJson.Options);
        }
        catch (JsonException e)
        {
            // Its segment will be run again: the lease is not renewed any more.
            LogUnreadable(file, e.Message);
            return null;
        }
    }

    /// <summary>Tokens are long and may hold anything; their hash is a file name.</summary>
    private string FileOf(string token) =>
        Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)))[..40] + Suffix);

    [LoggerMessage(EventId = 9, Level = LogLevel.Error, Message = "The spooled result {File} cannot be read ({Reason}); it is left where it is.")]
    private partial void LogUnreadable(string file, string reason);
}
