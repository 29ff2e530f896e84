using System.Globalization;
using System.Text;

namespace Orchestrator.Contracts.Trainers;

/// <summary>What a trainer measured at one step.</summary>
/// <param name="Step">The t-th update of the trial, t = 0 …</param>
/// <param name="Rate">The rate that was in force.</param>
/// <param name="Loss">Loss of batch t before update t; null: missing or not finite.</param>
/// <param name="GradientL1">Sum of the gradient's magnitudes; null: missing or not finite.</param>
/// <param name="GradientL2">The gradient's Euclidean norm; null: missing or not finite.</param>
public readonly record struct SeriesPoint(long Step, double Rate, double? Loss, double? GradientL1, double? GradientL2);

/// <summary>
/// The file of per-step values: CSV, UTF-8, line feeds, header <see cref="Header"/>, doubles in shortest round-trip
/// form, an empty field for a missing value.
/// </summary>
public static class SeriesCsv
{
    /// <summary>First line.</summary>
    public const string Header = "step,rate,loss,gradient_l1,gradient_l2";

    /// <summary>The file's bytes.</summary>
    public static byte[] Format(IEnumerable<SeriesPoint> points)
    {
        ArgumentNullException.ThrowIfNull(points);
        var text = new StringBuilder(Header).Append('\n');
        foreach (var point in points)
        {
            text.Append(CultureInfo.InvariantCulture, $"{point.Step},{point.Rate:R},");
            Append(text, point.Loss).Append(',');
            Append(text, point.GradientL1).Append(',');
            Append(text, point.GradientL2).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Reads the file's bytes.</summary>
    /// <exception cref="FormatException">It is no such file; the message names the line.</exception>
    public static IReadOnlyList<SeriesPoint> Parse(ReadOnlySpan<byte> file)
    {
        var lines = Encoding.UTF8.GetString(file).Split('\n');
        if (lines[0].TrimEnd('\r') != Header)
        {
            throw new FormatException($"a series begins with the line `{Header}`");
        }

        var points = new List<SeriesPoint>(lines.Length);
        for (var i = 1; i < lines.Length; i++)
        {
            var line = lines[i].TrimEnd('\r');
            if (line.Length == 0 && i == lines.Length - 1)
            {
                break;
            }

            points.Add(ParseLine(line) ?? throw new FormatException($"line {i + 1} of a series is no `{Header}`: {line}"));
        }

        return points;
    }

    private static StringBuilder Append(StringBuilder text, double? value) => value is { } v && double.IsFinite(v)
        ? text.Append(CultureInfo.InvariantCulture, $"{v:R}")
        : text;

    private static SeriesPoint? ParseLine(string line)
    {
        var fields = line.Split(',');
        return fields.Length == 5
            && long.TryParse(fields[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var step)
            && TryParse(fields[1], out var rate) && rate is { } known
            && TryParse(fields[2], out var loss) && TryParse(fields[3], out var l1) && TryParse(fields[4], out var l2)
            ? new(step, known, loss, l1, l2)
            : null;
    }

    private static bool TryParse(string field, out double? value)
    {
        value = null;
        if (field.Length == 0)
        {
            return true;
        }

        if (!double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            || !double.IsFinite(number))
        {
            return false;
        }

        value = number;
        return true;
    }
}
