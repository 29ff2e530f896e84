using Orchestrator.TestKit.Processes;
using Orchestrator.Workers.Trainer.Data;

namespace Orchestrator.Trainer.Tests;

/// <summary>What is trained on, what a search may see, and what nobody sees before the end.</summary>
public sealed class SplitTests
{
    private static readonly Lazy<ImageSplits> Digits = new(
        () => ((ImageDataSet)DataSet.Recognize(Path.Combine(Executables.ShippedData, "digits"))!).Load());

    [Fact]
    public void Digits_are_1257_180_and_360_images_and_none_is_in_two_splits()
    {
        ImageSplits digits = Digits.Value;
        Assert.Equal((1257, 180, 360), (digits.Train.Length, digits.Validation.Length, digits.Test.Length));
        Assert.Equal(1797, digits.Train.Concat(digits.Validation).Concat(digits.Test).Distinct().Count());
    }

    [Fact]
    public void Pixels_are_normalised_by_what_is_trained_on()
    {
        ImageSplits digits = Digits.Value;
        var pixels = new float[digits.Train.Length * digits.Height * digits.Width];
        digits.Gather(digits.Train, pixels, new long[digits.Train.Length]);
        double mean = pixels.Average(pixel => (double)pixel);
        Assert.Equal(0, mean, 1e-3);
        Assert.Equal(1, Math.Sqrt(pixels.Average(pixel => (pixel - mean) * (pixel - mean))), 1e-3);
    }

    [Fact]
    public void Windows_of_held_out_text_lie_within_their_tenths_and_batches_before_them()
    {
        const int Length = 10_000;
        const int Context = 16;
        var text = new TextSplits("text", new byte[Length], Context);
        Assert.All(text.Validation, start => Assert.InRange(start, 8000, 9000 - Context - 1));
        Assert.All(text.Test, start => Assert.InRange(start, 9000, 10_000 - Context - 1));
        Assert.Equal((256, 256), (text.Validation.Length, text.Test.Length));
        var starts = new int[64];
        for (int step = 0; step < 50; step++)
        {
            text.Batch(seed: 1, step, starts);
            Assert.All(starts, start => Assert.InRange(start, 0, 8000 - Context - 1));
        }
    }
}
