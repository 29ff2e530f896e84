using System.Globalization;

namespace Orchestrator.Workers.Trainer.Data;

/// <summary>The UCI handwritten digits: 64 pixels of 0 … 16 and the class, separated by commas, one image a line.</summary>
internal static class DigitsFile
{
    private const string FileName = "digits.csv";
    private const int Side = 8;
    private const int White = 16;

    /// <summary>The file in a folder; null: it is not there.</summary>
    internal static string? In(string folder) => GzipFile.Find(folder, FileName);

    /// <summary>Reads the file.</summary>
    /// <exception cref="TrainerException">Bad input: it is truncated or something else; the message names the line.</exception>
    internal static LabelledImages Read(string path)
    {
        var pixels = new List<byte>();
        var labels = new List<byte>();
        try
        {
            using var reader = new StreamReader(GzipFile.Open(path));
            while (reader.ReadLine() is { } line)
            {
                var fields = line.Split(',');
                if (fields.Length != (Side * Side) + 1)
                {
                    throw Malformed(path, labels.Count + 1, $"{fields.Length} fields");
                }

                for (var i = 0; i < fields.Length; i++)
                {
                    if (!byte.TryParse(fields[i], NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                        || value > (i == Side * Side ? 9 : White))
                    {
                        throw Malformed(path, labels.Count + 1, $"`{fields[i]}` in field {i + 1}");
                    }

                    (i == Side * Side ? labels : pixels).Add(value);
                }
            }
        }
        catch (InvalidDataException e)
        {
            throw TrainerException.BadInput($"{path} is truncated or no gzip file: {e.Message}", e);
        }

        return labels.Count >= 10
            ? new([.. pixels], [.. labels], Side, Side, White)
            : throw TrainerException.BadInput($"{path} holds {labels.Count} images; at least 10 are needed to split them");
    }

    private static TrainerException Malformed(string path, int line, string found) => TrainerException.BadInput(
        $"{path}, line {line}: found {found}; expected 64 pixels of 0 … 16 and a class of 0 … 9, separated by commas. "
        + "The file may be truncated; the set ships in examples/data/digits");
}
