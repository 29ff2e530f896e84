using System.Runtime.InteropServices;

namespace Orchestrator.Workers.Trainer.Data;

/// <summary>Batches of images, [1, height, width] single-precision numbers each.</summary>
internal sealed class ImageSamples(ImageSplits splits, long seed, int batchSize) : ISampleSource
{
    private readonly SampleOrder _order = new(seed, splits.Train, batchSize);

    /// <inheritdoc/>
    public int BatchSize => batchSize;

    /// <inheritdoc/>
    public long[] InputShape { get; } = [1, splits.Height, splits.Width];

    /// <inheritdoc/>
    public bool WholeNumbers => false;

    /// <inheritdoc/>
    public int TargetsPerSample => 1;

    /// <inheritdoc/>
    public int Count(HeldOutSplit split) => Indices(split).Length;

    /// <inheritdoc/>
    public void FillTraining(long step, Span<byte> input, Span<long> target) =>
        splits.Gather(_order.Batch(step), MemoryMarshal.Cast<byte, float>(input), target);

    /// <inheritdoc/>
    public void FillHeldOut(HeldOutSplit split, int first, int count, Span<byte> input, Span<long> target) =>
        splits.Gather(Indices(split).AsSpan(first, count), MemoryMarshal.Cast<byte, float>(input), target);

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, double> Metrics(string split, double loss, double accuracy) =>
        new Dictionary<string, double> { [$"{split}_loss"] = loss, [$"{split}_accuracy"] = accuracy };

    private int[] Indices(HeldOutSplit split) => split == HeldOutSplit.Test ? splits.Test : splits.Validation;
}
