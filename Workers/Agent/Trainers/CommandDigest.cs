using System.Security.Cryptography;
using System.Text;
using Orchestrator.Contracts.Leases;

namespace Orchestrator.Workers.Agent.Trainers;

/// <summary>What stands for the digest of a trainer that is a free command: its words, its files' bytes, its version.</summary>
internal static class CommandDigest
{
    /// <summary>
    /// Lower-case hex SHA-256 over the UTF-8 lines `arg LENGTH WORD` for each word of the command, `file NAME SHA256`
    /// for each file in the order given, and `version LENGTH TEXT`.
    /// </summary>
    /// <exception cref="SegmentRefusedException">A file cannot be read.</exception>
    internal static string Compute(TrainerSelection request)
    {
        var text = new StringBuilder();
        foreach (string word in request.Command ?? [])
        {
            text.Append("arg ").Append(Encoding.UTF8.GetByteCount(word)).Append(' ').Append(word).Append('\n');
        }

        foreach (string file in request.Files ?? [])
        {
            text.Append("file ").Append(file).Append(' ').Append(HashOf(file)).Append('\n');
        }

        string version = request.Version ?? "";
        text.Append("version ").Append(Encoding.UTF8.GetByteCount(version)).Append(' ').Append(version).Append('\n');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static string HashOf(string file)
    {
        try
        {
            using FileStream stream = File.OpenRead(file);
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SegmentRefusedException(
                $"trainer.files names {file}, which cannot be read on this worker: {e.Message}");
        }
    }
}
