using System.Security.Cryptography;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Trainer.Checkpoints;
using Orchestrator.Workers.Trainer.Workloads;

namespace Orchestrator.Workers.Trainer.Segments;

/// <summary>Keeps what each step measured, for the series file and for signs of life.</summary>
internal sealed class SeriesRecorder
{
    private readonly List<SeriesPoint> _points = [];
    private int _reported;

    internal int Count => _points.Count;

    internal void Add(long step, double rate, StepMeasure measure) =>
        _points.Add(new(step, rate, measure.Loss, measure.GradientL1, measure.GradientL2));

    /// <summary>At most <paramref name="most"/> points since the last call, evenly thinned, the newest always among them.</summary>
    internal IReadOnlyList<IReadOnlyList<double?>> TakeThinned(int most)
    {
        var fresh = _points.Count - _reported;
        var taken = Math.Min(fresh, most);
        var points = new List<IReadOnlyList<double?>>(taken);
        for (var i = 1; i <= taken; i++)
        {
            var point = _points[_reported + (int)((long)i * fresh / taken) - 1];
            points.Add([point.Step, point.Rate, Finite(point.Loss)]);
        }

        _reported = _points.Count;
        return points;
    }

    /// <summary>Writes the series of a segment into a folder.</summary>
    internal SeriesFile Write(string folder, string segment)
    {
        var bytes = SeriesCsv.Format(_points);
        var path = Path.Combine(folder, $"{FileNameOf(segment)}.series.csv");
        DurableFile.Write(path, bytes);
        return new(path, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    private static double? Finite(double? value) => value is { } v && double.IsFinite(v) ? v : null;

    // A segment's name is any string; a file's is not.
    private static string FileNameOf(string segment) =>
        segment.Length is > 0 and <= 128 && segment[0] != '.' && segment.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? segment
            : Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(segment)));
}
