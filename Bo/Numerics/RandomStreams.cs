using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using MathNet.Numerics.Random;

namespace Orchestrator.Bo.Numerics;

/// <summary>
/// Named streams of random numbers. What is drawn at index t of a stream depends on (seed, name, t) and on nothing
/// that was drawn before, so that forks of a run see the same batches and a run cut into pieces draws the same
/// numbers as the whole.
/// </summary>
public static class RandomStreams
{
    /// <summary>
    /// The seed of index <paramref name="t"/> of a stream: the first 8 bytes, little endian, of the SHA-256 of the
    /// UTF-8 text <c>seed/name/t</c>.
    /// </summary>
    /// <param name="seed">Seed of the job.</param>
    /// <param name="name">Name of the stream; one name for one use.</param>
    /// <param name="t">Index, e.g. the step; −1 for initial weights.</param>
    public static ulong Seed(long seed, string name, long t)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}/{name}/{t}"), hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }

    /// <summary>
    /// A fresh xoshiro256** generator for index <paramref name="t"/> of a stream. MathNet's generator is seeded
    /// with 32 bits: the two halves of <see cref="Seed"/>, exclusively or-ed. Not thread-safe.
    /// </summary>
    /// <inheritdoc cref="Seed"/>
    public static Random Generator(long seed, string name, long t)
    {
        ulong bits = Seed(seed, name, t);
        return new Xoshiro256StarStar(unchecked((int)(uint)(bits ^ (bits >> 32))), threadSafe: false);
    }
}
