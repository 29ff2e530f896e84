using System.Buffers.Binary;

namespace Orchestrator.Workers.Trainer.Data;

/// <summary>IDX files of unsigned bytes: a magic number that says how many dimensions follow, their extents, the bytes.</summary>
internal static class IdxFile
{
    private const int ImagesMagic = 0x0803;
    private const int LabelsMagic = 0x0801;
    private const string Again = "Get it again; `orchestrator data` says which sets can be fetched";

    /// <summary>Reads images and their labels.</summary>
    /// <exception cref="TrainerException">Bad input: a file is truncated, no IDX file, or the two do not fit.</exception>
    internal static LabelledImages ReadPair(string images, string labels)
    {
        var (extents, pixels) = Read(images, ImagesMagic);
        var (_, classes) = Read(labels, LabelsMagic);
        if (classes.Length != extents[0])
        {
            throw TrainerException.BadInput(
                $"{labels} has {classes.Length} labels for the {extents[0]} images of {images}: the files are not of one set");
        }

        return new(pixels, classes, extents[1], extents[2], White: 255);
    }

    private static (int[] Extents, byte[] Bytes) Read(string path, int magic)
    {
        try
        {
            using var stream = GzipFile.Open(path);
            var rank = magic & 0xff;
            var header = new byte[4 * (rank + 1)];
            var read = stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
            if (read < header.Length || BinaryPrimitives.ReadInt32BigEndian(header) != magic)
            {
                throw TrainerException.BadInput(
                    $"{path} is no IDX file of {rank} dimensions: it begins with {Convert.ToHexStringLower(header[..Math.Min(read, 4)])}, "
                    + $"expected {magic:x8}. {Again}");
            }

            var extents = Enumerable.Range(1, rank).Select(i => BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4 * i))).ToArray();
            var expected = extents.Aggregate(1L, (a, b) => a * Math.Max(0, b));
            if (expected is 0 or > int.MaxValue)
            {
                throw TrainerException.BadInput($"{path}: extents {string.Join(" × ", extents)} are out of range. {Again}");
            }

            var bytes = new byte[expected];
            read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return read == bytes.Length
                ? (extents, bytes)
                : throw TrainerException.BadInput(
                    $"{path} is truncated: expected {expected} bytes ({string.Join(" × ", extents)}), found {read}. {Again}");
        }
        catch (InvalidDataException e)
        {
            throw TrainerException.BadInput($"{path} is truncated or no gzip file ({e.Message}). {Again}", e);
        }
    }
}
