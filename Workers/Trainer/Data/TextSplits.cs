using Orchestrator.Bo.Numerics;

namespace Orchestrator.Workers.Trainer.Data;

/// <summary>
/// Text cut into contiguous train (80 %), validation (10 %) and test (10 %), as bytes. The held-out splits are seen
/// through fixed windows, evenly spaced and permuted, so that the first few stand for all.
/// </summary>
internal sealed class TextSplits
{
    private const int HeldOutWindows = 256;

    private readonly byte[] _text;
    private readonly int _context;
    private readonly int _trainLength;

    /// <param name="name">Name of the set, for messages.</param>
    /// <param name="text">All of it.</param>
    /// <param name="context">Length of a window's input, in bytes; a window has one more, the last target.</param>
    /// <exception cref="TrainerException">Bad input: a tenth of the text is shorter than one window.</exception>
    internal TextSplits(string name, byte[] text, int context)
    {
        var held = text.Length / 10;
        if (held < context + 1)
        {
            throw TrainerException.BadInput(
                $"data set `{name}` has {text.Length} bytes, of which validation gets {held}; context {context} needs "
                + $"{context + 1}, so {10 * (context + 1)} in all. Use a longer text or a smaller context");
        }

        _text = text;
        _context = context;
        _trainLength = text.Length - (2 * held);
        Validation = Windows(_trainLength, held);
        Test = Windows(_trainLength + held, held);
    }

    /// <summary>First bytes of the validation split's windows.</summary>
    internal int[] Validation { get; }

    /// <summary>First bytes of the test split's windows.</summary>
    internal int[] Test { get; }

    /// <summary>Draws the first bytes of a step's windows, uniform over the train split, from stream <c>batch</c>.</summary>
    internal void Batch(long seed, long step, Span<int> starts)
    {
        var random = RandomStreams.Generator(seed, "batch", step);
        foreach (ref var start in starts)
        {
            start = random.Next(_trainLength - _context);
        }
    }

    /// <summary>Writes windows: each byte, and the byte after it.</summary>
    internal void Gather(ReadOnlySpan<int> starts, Span<long> input, Span<long> target)
    {
        for (var i = 0; i < starts.Length; i++)
        {
            var window = _text.AsSpan(starts[i], _context + 1);
            for (var j = 0; j < _context; j++)
            {
                input[(i * _context) + j] = window[j];
                target[(i * _context) + j] = window[j + 1];
            }
        }
    }

    private int[] Windows(int first, int length)
    {
        var order = SampleOrder.Permutation(RandomStreams.Generator(SampleOrder.SplitSeed, "split", 0), HeldOutWindows);
        var last = (long)length - _context - 1;
        return [.. order.Select(i => first + (int)(i * last / (HeldOutWindows - 1)))];
    }
}
