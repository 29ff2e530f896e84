namespace Orchestrator.Workers.Trainer.Data;

/// <summary>Grey images and their classes, as a file has them.</summary>
/// <param name="Pixels">n × height × width levels of 0 … <paramref name="White"/>.</param>
/// <param name="Labels">n classes, 0 …</param>
/// <param name="Height">Rows of an image.</param>
/// <param name="Width">Columns of an image.</param>
/// <param name="White">The largest level there can be.</param>
internal sealed record LabelledImages(byte[] Pixels, byte[] Labels, int Height, int Width, int White)
{
    /// <summary>Pixels of one image.</summary>
    internal int Area => Height * Width;
}
