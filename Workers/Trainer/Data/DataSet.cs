using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.Workers.Trainer.Data;

/// <summary>A folder that holds data of a known kind.</summary>
/// <param name="Folder">The folder; its name is the set's.</param>
internal abstract record DataSet(string Folder)
{
    /// <summary>What a folder must hold, for people.</summary>
    internal const string Kinds =
        "the four IDX files (train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, "
        + "t10k-labels-idx1-ubyte; plain or .gz), digits.csv (plain or .gz), or UTF-8 text (*.txt)";

    /// <summary>Name of the set.</summary>
    internal string Name => Path.GetFileName(Path.TrimEndingDirectorySeparator(Folder));

    /// <summary>Paths of its files, in the order of their contents.</summary>
    /// <exception cref="TrainerException">Bad input: one is missing.</exception>
    internal abstract IReadOnlyList<string> Files();

    /// <summary>Number of samples of all splits; bytes for text. Reads no more than it must.</summary>
    internal abstract long CountSamples();

    /// <summary>SHA-256 over the names, lengths and hashes of the files: any change of a file changes it.</summary>
    internal string Digest()
    {
        var lines = new StringBuilder();
        foreach (var file in Files())
        {
            using var stream = File.OpenRead(file);
            lines.Append($"{Path.GetFileName(file)} {stream.Length} {Convert.ToHexStringLower(SHA256.HashData(stream))}\n");
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lines.ToString())));
    }

    /// <summary>The set a folder holds; null: none of a known kind.</summary>
    internal static DataSet? Recognize(string folder)
    {
        if (DigitsFile.In(folder) is not null)
        {
            return new DigitsDataSet(folder);
        }

        if (IdxDataSet.FileNames.Any(name => GzipFile.Find(folder, name) is not null))
        {
            return new IdxDataSet(folder);
        }

        return TextDataSet.FilesIn(folder).Count > 0 ? new TextDataSet(folder) : null;
    }
}

/// <summary>A data set of images with classes.</summary>
internal abstract record ImageDataSet(string Folder) : DataSet(Folder)
{
    /// <summary>Reads all of it.</summary>
    /// <exception cref="TrainerException">Bad input: a file is missing, truncated or something else.</exception>
    internal abstract ImageSplits Load();
}

/// <summary>Handwritten digits, 8 × 8 pixels of 0 … 16 (UCI).</summary>
internal sealed record DigitsDataSet(string Folder) : ImageDataSet(Folder)
{
    internal override IReadOnlyList<string> Files() => [DigitsFile.In(Folder)!];

    internal override long CountSamples() => DigitsFile.Read(Files()[0]).Labels.Length;

    internal override ImageSplits Load() => ImageSplits.OfOneFile(DigitsFile.Read(Files()[0]));
}

/// <summary>Images in the four files of MNIST and its kin.</summary>
internal sealed record IdxDataSet(string Folder) : ImageDataSet(Folder)
{
    internal static readonly string[] FileNames =
    [
        "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
    ];

    internal override IReadOnlyList<string> Files() =>
    [
        .. FileNames.Select(name => GzipFile.Find(Folder, name) ?? throw TrainerException.BadInput(
            $"data set `{Name}`: {name} (or {name}.gz) is missing in {Folder}; expected {Kinds}. "
            + $"Copy it there; `orchestrator data` says which sets can be fetched")),
    ];

    internal override long CountSamples() => CountIn(Files()[0]) + CountIn(Files()[2]);

    internal override ImageSplits Load()
    {
        var files = Files();
        return ImageSplits.OfTwoFiles(IdxFile.ReadPair(files[0], files[1]), IdxFile.ReadPair(files[2], files[3]));
    }

    private static int CountIn(string file)
    {
        using var stream = GzipFile.Open(file);
        var header = new byte[8];
        return stream.ReadAtLeast(header, 8, throwOnEndOfStream: false) == 8
            ? BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4))
            : throw TrainerException.BadInput($"{file} is truncated: it is shorter than its header");
    }
}

/// <summary>Text, as bytes: every *.txt file of the folder, in ordinal order of their names.</summary>
internal sealed record TextDataSet(string Folder) : DataSet(Folder)
{
    internal override IReadOnlyList<string> Files() => FilesIn(Folder);

    internal override long CountSamples() => Files().Sum(file => new FileInfo(file).Length);

    /// <summary>Reads all of it.</summary>
    /// <exception cref="TrainerException">Bad input: a file is no UTF-8 text.</exception>
    internal byte[] Load()
    {
        var texts = Files().Select(file => (file, bytes: File.ReadAllBytes(file))).ToArray();
        foreach (var (file, bytes) in texts)
        {
            var invalid = InvalidUtf8At(bytes);
            if (invalid >= 0)
            {
                throw TrainerException.BadInput(
                    $"{file} is no UTF-8 text: byte {invalid} (0x{bytes[invalid]:x2}) begins no character. Convert it, with iconv for one");
            }
        }

        return [.. texts.SelectMany(text => text.bytes)];
    }

    internal static IReadOnlyList<string> FilesIn(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*.txt").Order(StringComparer.Ordinal)];

    private static long InvalidUtf8At(byte[] bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            if (Rune.DecodeFromUtf8(bytes.AsSpan(at), out _, out var length) != System.Buffers.OperationStatus.Done)
            {
                return at;
            }

            at += length;
        }

        return -1;
    }
}

/// <summary>Files that may be compressed with gzip.</summary>
internal static class GzipFile
{
    /// <summary>The file of a name in a folder, plain or with <c>.gz</c>; null: neither is there.</summary>
    internal static string? Find(string folder, string name) =>
        new[] { Path.Combine(folder, name), Path.Combine(folder, name + ".gz") }.FirstOrDefault(File.Exists);

    /// <summary>Its uncompressed contents.</summary>
    internal static Stream Open(string path) => path.EndsWith(".gz", StringComparison.Ordinal)
        ? new GZipStream(File.OpenRead(path), CompressionMode.Decompress)
        : File.OpenRead(path);
}
