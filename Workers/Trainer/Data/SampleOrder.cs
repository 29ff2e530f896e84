using Orchestrator.Bo.Numerics;

namespace Orchestrator.Workers.Trainer.Data;

/// <summary>
/// Which samples a step trains on. An epoch is ⌊n/B⌋ batches of a permutation drawn from stream <c>epoch</c>; the rest
/// of it is dropped. Step t takes batch t mod ⌊n/B⌋ of epoch t div ⌊n/B⌋, so forks see the same batches.
/// </summary>
internal sealed class SampleOrder
{
    /// <summary>The seed of splits, which depend on the data alone.</summary>
    internal const long SplitSeed = 1234;

    private readonly long _seed;
    private readonly int[] _samples;
    private readonly int[] _permuted;
    private long _epoch = -1;

    /// <param name="seed">The trial's seed.</param>
    /// <param name="samples">Indices of the train split.</param>
    /// <param name="batchSize">B, at most the number of samples.</param>
    /// <exception cref="TrainerException">Bad input: there are fewer samples than one batch takes.</exception>
    internal SampleOrder(long seed, int[] samples, int batchSize)
    {
        if (samples.Length < batchSize)
        {
            throw TrainerException.BadInput(
                $"batchSize {batchSize} is larger than the train split, which has {samples.Length} samples");
        }

        _seed = seed;
        _samples = samples;
        _permuted = new int[samples.Length];
        BatchSize = batchSize;
    }

    internal int BatchSize { get; }

    /// <summary>Batches of an epoch.</summary>
    internal long BatchesPerEpoch => _samples.Length / BatchSize;

    /// <summary>The indices of a step's batch.</summary>
    internal ReadOnlySpan<int> Batch(long step)
    {
        var (epoch, batch) = Math.DivRem(step, BatchesPerEpoch);
        if (epoch != _epoch)
        {
            var order = Permutation(RandomStreams.Generator(_seed, "epoch", epoch), _samples.Length);
            for (var i = 0; i < order.Length; i++)
            {
                _permuted[i] = _samples[order[i]];
            }

            _epoch = epoch;
        }

        return _permuted.AsSpan((int)batch * BatchSize, BatchSize);
    }

    /// <summary>
    /// A uniform permutation of 0 … <paramref name="count"/> − 1 (Fisher–Yates: for i from count − 1 down to 1, swap
    /// places i and a uniform one of 0 … i).
    /// </summary>
    internal static int[] Permutation(Random random, int count)
    {
        var order = new int[count];
        for (var i = 0; i < count; i++)
        {
            order[i] = i;
        }

        for (var i = count - 1; i > 0; i--)
        {
            var j = random.Next(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }
}
