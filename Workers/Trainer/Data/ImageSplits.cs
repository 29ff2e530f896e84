using Orchestrator.Bo.Numerics;

namespace Orchestrator.Workers.Trainer.Data;

/// <summary>
/// Images cut into train, validation and test. The cut depends on the data alone, never on a job's seed. Pixels are
/// divided by white, minus the train split's mean, over its standard deviation, both in doubles rounded to 4 places.
/// </summary>
internal sealed class ImageSplits
{
    private const int MaxValidation = 5000;

    private readonly byte[] _pixels;
    private readonly byte[] _labels;
    private readonly float[] _levels;

    private ImageSplits(LabelledImages images, int[] train, int[] validation, int[] test)
    {
        (Height, Width) = (images.Height, images.Width);
        _pixels = images.Pixels;
        _labels = images.Labels;
        Classes = _labels.Max() + 1;
        (Train, Validation, Test) = (train, validation, test);
        (Mean, StandardDeviation) = Moments(images, train);
        _levels =
        [
            .. Enumerable.Range(0, images.White + 1)
                .Select(level => (float)((((double)level / images.White) - Mean) / StandardDeviation)),
        ];
    }

    internal int Height { get; }

    internal int Width { get; }

    /// <summary>Number of classes: the largest label, plus one.</summary>
    internal int Classes { get; }

    /// <summary>Indices of the images that are trained on.</summary>
    internal int[] Train { get; }

    /// <summary>Indices of the images that searches may see.</summary>
    internal int[] Validation { get; }

    /// <summary>Indices of the images that are evaluated once, at the end.</summary>
    internal int[] Test { get; }

    /// <summary>Mean of the train split's pixels, as a part of white.</summary>
    internal double Mean { get; }

    /// <summary>Standard deviation of the train split's pixels, as a part of white.</summary>
    internal double StandardDeviation { get; }

    /// <summary>Cuts a set without a test file: of the permuted images a tenth validates, a fifth tests.</summary>
    internal static ImageSplits OfOneFile(LabelledImages images)
    {
        var order = SplitOrder(images.Labels.Length);
        var validation = ValidationCount(order.Length);
        var test = (order.Length + 4) / 5;
        return new(images, order[(validation + test)..], order[..validation], order[validation..(validation + test)]);
    }

    /// <summary>Cuts a set that has a test file: of the permuted training file a tenth, at most 5,000, validates.</summary>
    /// <exception cref="TrainerException">Bad input: the files hold images of different sizes.</exception>
    internal static ImageSplits OfTwoFiles(LabelledImages training, LabelledImages test)
    {
        if ((training.Height, training.Width) != (test.Height, test.Width))
        {
            throw TrainerException.BadInput(
                $"training images have {training.Height} × {training.Width} pixels, test images {test.Height} × {test.Width}");
        }

        var all = training with { Pixels = [.. training.Pixels, .. test.Pixels], Labels = [.. training.Labels, .. test.Labels] };
        var order = SplitOrder(training.Labels.Length);
        var validation = ValidationCount(order.Length);
        return new(
            all, order[validation..], order[..validation], [.. Enumerable.Range(training.Labels.Length, test.Labels.Length)]);
    }

    /// <summary>Writes images, normalised.</summary>
    /// <param name="indices">Which.</param>
    /// <param name="pixels">Receives their pixels, one image after the other.</param>
    /// <param name="labels">Receives their classes.</param>
    internal void Gather(ReadOnlySpan<int> indices, Span<float> pixels, Span<long> labels)
    {
        var area = Height * Width;
        ReadOnlySpan<float> levels = _levels;
        for (var i = 0; i < indices.Length; i++)
        {
            var source = _pixels.AsSpan(indices[i] * area, area);
            var target = pixels.Slice(i * area, area);
            for (var p = 0; p < source.Length; p++)
            {
                target[p] = levels[source[p]];
            }

            labels[i] = _labels[indices[i]];
        }
    }

    private static int[] SplitOrder(int count) => SampleOrder.Permutation(RandomStreams.Generator(SampleOrder.SplitSeed, "split", 0), count);

    private static int ValidationCount(int count) => Math.Min(MaxValidation, (count + 9) / 10);

    private static (double Mean, double StandardDeviation) Moments(LabelledImages images, int[] train)
    {
        var histogram = new long[256];
        foreach (var index in train)
        {
            foreach (var level in images.Pixels.AsSpan(index * images.Area, images.Area))
            {
                histogram[level]++;
            }
        }

        var highest = Array.FindLastIndex(histogram, n => n > 0);
        if (highest > images.White)
        {
            throw TrainerException.BadInput($"a pixel has level {highest}; at most {images.White}");
        }

        var count = (double)train.Length * images.Area;
        var mean = histogram.Select((n, level) => n * ((double)level / images.White)).Sum() / count;
        var variance = histogram.Select((n, level) => n * Math.Pow(((double)level / images.White) - mean, 2)).Sum() / count;
        var deviation = Math.Round(Math.Sqrt(variance), 4);
        return (Math.Round(mean, 4), deviation > 0 ? deviation : 1);
    }
}
