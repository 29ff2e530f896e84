using System.Runtime.InteropServices;

namespace Orchestrator.Workers.Trainer.Data;

/// <summary>Batches of windows of text, [context] bytes each; every byte's target is the byte after it.</summary>
internal sealed class TextSamples(TextSplits splits, long seed, int batchSize, int context) : ISampleSource
{
    private readonly int[] _starts = new int[batchSize];

    /// <inheritdoc/>
    public int BatchSize => batchSize;

    /// <inheritdoc/>
    public long[] InputShape { get; } = [context];

    /// <inheritdoc/>
    public bool WholeNumbers => true;

    /// <inheritdoc/>
    public int TargetsPerSample => context;

    /// <inheritdoc/>
    public int Count(HeldOutSplit split) => Windows(split).Length;

    /// <inheritdoc/>
    public void FillTraining(long step, Span<byte> input, Span<long> target)
    {
        splits.Batch(seed, step, _starts);
        splits.Gather(_starts, MemoryMarshal.Cast<byte, long>(input), target);
    }

    /// <inheritdoc/>
    public void FillHeldOut(HeldOutSplit split, int first, int count, Span<byte> input, Span<long> target) =>
        splits.Gather(Windows(split).AsSpan(first, count), MemoryMarshal.Cast<byte, long>(input), target);

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, double> Metrics(string split, double loss, double accuracy) =>
        new Dictionary<string, double> { [$"{split}_loss"] = loss, [$"{split}_bits_per_byte"] = loss / Math.Log(2) };

    private int[] Windows(HeldOutSplit split) => split == HeldOutSplit.Test ? splits.Test : splits.Validation;
}
