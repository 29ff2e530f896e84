using System.Buffers.Binary;

namespace Orchestrator.TestKit.Data;

/// <summary>Writes the four IDX files of a small set of images: noise, whose mean is its class.</summary>
public static class ImageFiles
{
    private const int Side = 6;
    private const int Classes = 3;

    /// <summary>Writes them into a folder, which is made.</summary>
    /// <param name="folder">The data set's folder.</param>
    /// <param name="training">Images to train on, at least 10.</param>
    /// <param name="test">Images to test with.</param>
    public static void Write(string folder, int training = 200, int test = 50)
    {
        Directory.CreateDirectory(folder);
        foreach ((string part, int count) in ((string, int)[])[("train", training), ("t10k", test)])
        {
            File.WriteAllBytes(
                Path.Combine(folder, $"{part}-images-idx3-ubyte"),
                [.. Header(0x0803, count, Side, Side), .. Enumerable.Range(0, count * Side * Side).Select(i => Pixel(i))]);
            File.WriteAllBytes(
                Path.Combine(folder, $"{part}-labels-idx1-ubyte"),
                [.. Header(0x0801, count), .. Enumerable.Range(0, count).Select(i => (byte)(i % Classes))]);
        }
    }

    private static byte Pixel(int i) => (byte)((i / (Side * Side) % Classes * 60) + (i * 2_654_435_761 % 97));

    private static byte[] Header(params int[] numbers)
    {
        byte[] header = new byte[4 * numbers.Length];
        for (int i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 * i), numbers[i]);
        }

        return header;
    }
}
