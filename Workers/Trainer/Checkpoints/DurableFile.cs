using System.Security.Cryptography;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Trainer.Checkpoints;

/// <summary>Files that are there whole or not at all.</summary>
internal static class DurableFile
{
    /// <summary>Writes beside the target, synchronises with the disk, and renames.</summary>
    /// <param name="path">File to create or replace; its folder is created.</param>
    /// <param name="bytes">What it will hold.</param>
    /// <exception cref="IOException">Nothing was left behind but, after a crash, a file ending in <c>.part</c>.</exception>
    internal static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var target = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var part = $"{target}.{Environment.ProcessId}.part";
        try
        {
            using (var stream = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                stream.Write(bytes);
                stream.Flush(flushToDisk: true);
            }

            File.Move(part, target, overwrite: true);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    /// <summary>Reads a checkpoint and verifies its bytes.</summary>
    /// <param name="source">Where it is, and its hash.</param>
    /// <param name="memory">Where the array for the bytes comes from.</param>
    /// <exception cref="TrainerException">The file is missing, or its bytes are not those of the hash.</exception>
    internal static CheckpointImage ReadVerified(CheckpointSource source, CheckpointMemory memory)
    {
        ArraySegment<byte> bytes;
        try
        {
            using var stream = new FileStream(source.Path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            if (stream.Length > Array.MaxLength)
            {
                throw new IOException($"it has {stream.Length} bytes; at most {Array.MaxLength} can be held");
            }

            bytes = memory.Allocate((int)stream.Length);
            stream.ReadExactly(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TrainerException(FailureKind.Error, $"checkpoint {source.Sha256} cannot be read: {e.Message}", e);
        }

        var found = Convert.ToHexStringLower(SHA256.HashData(bytes));
        return found == source.Sha256
            ? new(bytes, found)
            : throw new TrainerException(
                FailureKind.Error, $"checkpoint {source.Path}: its bytes have SHA-256 {found}, expected {source.Sha256}");
    }
}
