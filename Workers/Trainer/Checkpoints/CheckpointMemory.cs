namespace Orchestrator.Workers.Trainer.Checkpoints;

/// <summary>The checkpoints used last, by hash, so that forks of one parent need no disk.</summary>
/// <param name="maxCount">How many are kept, at least 1.</param>
/// <param name="maxBytes">How many bytes are kept; one checkpoint larger than that is not kept at all.</param>
internal sealed class CheckpointMemory(int maxCount, long maxBytes)
{
    /// <summary>Enough for a wave of ten probes, their parent, and a few before it.</summary>
    internal const int DefaultCount = 16;

    /// <summary>256 MiB.</summary>
    internal const long DefaultBytes = 256L << 20;

    private readonly LinkedList<CheckpointImage> _recent = new();
    private readonly Dictionary<string, LinkedListNode<CheckpointImage>> _byHash = [];

    /// <summary>Bytes that are kept now.</summary>
    internal long Bytes { get; private set; }

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

    /// <summary>Keeps a checkpoint and lets go of those that were not used for longest.</summary>
    internal void Keep(CheckpointImage image)
    {
        if (image.Bytes.LongLength > maxBytes || Find(image.Sha256) is not null)
        {
            return;
        }

        _byHash[image.Sha256] = _recent.AddFirst(image);
        Bytes += image.Bytes.LongLength;
        while (_recent.Count > maxCount || Bytes > maxBytes)
        {
            var oldest = _recent.Last!.Value;
            _recent.RemoveLast();
            _byHash.Remove(oldest.Sha256);
            Bytes -= oldest.Bytes.LongLength;
        }
    }
}
