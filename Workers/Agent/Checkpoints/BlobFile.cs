using System.Security.Cryptography;
using Orchestrator.Contracts.Leases;

namespace Orchestrator.Workers.Agent.Checkpoints;

/// <summary>Content-addressed files: DIR/first two digits/SHA-256.</summary>
internal static class BlobFile
{
    /// <summary>The place of a blob below <paramref name="root"/>; its folder is created.</summary>
    /// <exception cref="CheckpointLostException">The hash is none, and must not become part of a path.</exception>
    internal static string PathIn(string root, string sha256)
    {
        if (!BlobReference.IsAddress(sha256))
        {
            throw new CheckpointLostException($"There is no checkpoint `{sha256}`: 64 lower-case hexadecimal digits are wanted.");
        }

        string folder = Path.Combine(root, sha256[..2]);
        Directory.CreateDirectory(folder);
        return Path.Combine(folder, sha256);
    }

    /// <summary>What is wrong with a file that should hold <paramref name="blob"/>; null = nothing.</summary>
    internal static async Task<string?> DefectAsync(string path, BlobReference blob, CancellationToken stopping)
    {
        try
        {
            await using var file = new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
            if (file.Length != blob.Bytes)
            {
                return $"it has {file.Length} bytes, not {blob.Bytes}";
            }

            string found = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, stopping));
            return found == blob.Sha256 ? null : $"its SHA-256 is {found}, not {blob.Sha256}";
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return "there is no such file";
        }
    }
}
