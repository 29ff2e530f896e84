namespace Orchestrator.Workers.Trainer.Checkpoints;

/// <summary>
/// The checkpoints used last, by hash, so that forks of one parent need no disk. What it lets go of is written over by the
/// next checkpoint: left to the garbage collector, which collects large arrays rarely, the process grew by half.
/// </summary>
/// <param name="maxCount">How many are kept, at least 1.</param>
/// <param name="maxBytes">How many bytes are kept; one checkpoint larger than that is not kept at all.</param>
internal sealed class CheckpointMemory(int maxCount, long maxBytes)
{
    /// <summary>Enough for a wave of ten probes, their parent, and a few before it.</summary>
    internal const int DefaultCount = 16;

    /// <summary>256 MiB.</summary>
    internal const long DefaultBytes = 256L << 20;

    private const int PageBytes = 4096;

    private readonly LinkedList<CheckpointImage> _recent = new();
    private readonly Dictionary<string, LinkedListNode<CheckpointImage>> _byHash = [];
    private byte[]? _spare;

    /// <summary>Bytes that are kept now.</summary>
    internal long Bytes { get; private set; }

    /// <summary>Room for the bytes of a checkpoint, with any content.</summary>
    /// <param name="length">How many. Rounded up to pages, since those of one run differ by the digits of their step.</param>
    internal ArraySegment<byte> Allocate(int length)
    {
        int rounded = (int)Math.Min(Array.MaxLength, (length + PageBytes - 1L) / PageBytes * PageBytes);
        byte[] array = _spare?.Length == rounded ? _spare : GC.AllocateUninitializedArray<byte>(rounded);
        _spare = null;
        return new(array, 0, length);
    }

    /// <summary>A checkpoint, if it is kept; it becomes the most recent one.</summary>
    internal CheckpointImage? Find(string sha256)
    {
        if (!_byHash.TryGetValue(sha256, out var node))
        {
            return null;
        }

        _recent.Remove(node);
        _recent.AddFirst(node);
        return node.Value;
    }

    /// <summary>
    /// Keeps a checkpoint and lets go of those that were not used for longest. Neither they nor a checkpoint that is not
    /// kept may be read after the next <see cref="Allocate"/>.
    /// </summary>
    internal void Keep(CheckpointImage image)
    {
        CheckpointImage? same = Find(image.Sha256);
        if (image.Bytes.Count > maxBytes || same is not null)
        {
            if (same?.Bytes.Array != image.Bytes.Array)
            {
                _spare = image.Bytes.Array;
            }

            return;
        }

        _byHash[image.Sha256] = _recent.AddFirst(image);
        Bytes += image.Bytes.Count;
        while (_recent.Count > maxCount || Bytes > maxBytes)
        {
            var oldest = _recent.Last!.Value;
            _recent.RemoveLast();
            _byHash.Remove(oldest.Sha256);
            Bytes -= oldest.Bytes.Count;
            _spare = oldest.Bytes.Array;
        }
    }
}
