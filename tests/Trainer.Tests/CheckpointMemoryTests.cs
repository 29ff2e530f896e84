using System.Security.Cryptography;
using Orchestrator.Workers.Trainer.Checkpoints;

namespace Orchestrator.Trainer.Tests;

/// <summary>The last checkpoints stay, and the room of those before is used again.</summary>
public sealed class CheckpointMemoryTests
{
    [Fact]
    public void The_checkpoint_unused_for_longest_goes_first()
    {
        var memory = new CheckpointMemory(maxCount: 2, maxBytes: 1000);
        CheckpointImage first = Keep(memory, 10, 1);
        CheckpointImage second = Keep(memory, 10, 2);
        Assert.NotNull(memory.Find(first.Sha256));
        Keep(memory, 10, 3);

        Assert.NotNull(memory.Find(first.Sha256));
        Assert.Null(memory.Find(second.Sha256));
        Assert.Equal(20, memory.Bytes);
    }

    [Fact]
    public void Thousands_of_checkpoints_need_the_room_of_those_that_are_kept_and_one_more()
    {
        var memory = new CheckpointMemory(maxCount: 3, maxBytes: 1_000_000);
        var arrays = new HashSet<byte[]>(ReferenceEqualityComparer.Instance);
        for (int step = 1; step <= 2000; step++)
        {
            // The step is part of a checkpoint, so that its length grows with its digits.
            arrays.Add(Keep(memory, 5000 + step.ToString(System.Globalization.CultureInfo.InvariantCulture).Length, step).Bytes.Array!);
        }

        Assert.Equal(4, arrays.Count);
    }

    [Fact]
    public void What_is_kept_is_never_written_over()
    {
        var memory = new CheckpointMemory(maxCount: 3, maxBytes: 10_000);
        var random = new Random(5);
        var kept = new List<string>();
        for (int i = 0; i < 500; i++)
        {
            // Few contents, so that some are kept twice; some too large to be kept at all; the same image now and then again.
            CheckpointImage image = Keep(memory, random.Next(10) == 0 ? 20_000 : 4000, random.Next(6));
            if (random.Next(4) == 0)
            {
                memory.Keep(image);
            }

            kept.Add(image.Sha256);
            foreach (string sha256 in kept.Distinct())
            {
                if (memory.Find(sha256) is { } found)
                {
                    Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(found.Bytes)));
                }
            }
        }
    }

    private static CheckpointImage Keep(CheckpointMemory memory, int length, int content)
    {
        ArraySegment<byte> bytes = memory.Allocate(length);
        bytes.AsSpan().Clear();
        BitConverter.TryWriteBytes(bytes, content);
        var image = new CheckpointImage(bytes, Convert.ToHexStringLower(SHA256.HashData(bytes)));
        memory.Keep(image);
        return image;
    }
}
