using System.Text;
using System.Text.Json;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Silo.Api;

/// <summary>
/// Draws a job's curves, one a stretch, from its segments in any number: what is kept in memory and sent is bounded by
/// the points that were asked for and by <see cref="MostInAll"/>, not by the length of the job.
/// </summary>
/// <param name="most">Most points of one curve, at least 2.</param>
internal sealed class JobCurves(int most)
{
    /// <summary>Most points of all curves together, but for two of each.</summary>
    public const int MostInAll = 100_000;

    private readonly SortedDictionary<int, Curve> _curves = [];
    private int _most = most;
    private long _kept;

    /// <summary>Adds a segment that has ended.</summary>
    /// <param name="stored">The segment.</param>
    /// <param name="csv">Its series; null = none.</param>
    public void Add(StoredSegment stored, string? csv)
    {
        SegmentView view = JsonSerializer.Deserialize<SegmentView>(stored.View, WireJson.Options)!;
        IReadOnlyList<ValidationResult> validations = stored.Result is null
            ? []
            : JsonSerializer.Deserialize<SegmentResult>(stored.Result, WireJson.Options)!.Validations;
        if (csv is null && validations.Count == 0)
        {
            return;
        }

        if (!_curves.TryGetValue(view.Stretch, out Curve? curve))
        {
            curve = _curves[view.Stretch] = new Curve(view, new ThinnedCurve(_most));
        }

        curve.State = view.State;
        curve.Validations.AddRange(validations.Select(validation => new ValidationView(validation.Step, validation.Metrics)));
        int before = curve.Points.Count;
        foreach (SeriesPoint point in csv is null || view.Stretch < 0 ? [] : SeriesCsv.Parse(Encoding.UTF8.GetBytes(csv)))
        {
            curve.Points.Add(point);
        }

        _kept += curve.Points.Count - before;
        while (_kept > MostInAll && _most > 2)
        {
            _most = Math.Max(2, _most / 2);
            foreach (Curve each in _curves.Values)
            {
                each.Points.Shrink();
            }

            _kept = _curves.Values.Sum(each => (long)each.Points.Count);
        }
    }

    /// <summary>The curves by stretch; the evaluations at the end, which belong to none, first.</summary>
    public CurvesView View() => new([.. _curves.Values.Select(curve =>
    {
        IReadOnlyList<SeriesPoint> points = curve.Points.Points();
        return new CurveView(
            curve.First.Stretch,
            curve.First.Role,
            curve.First.Stage,
            curve.First.Rate,
            curve.State,
            [.. points.Select(point => point.Step)],
            [.. points.Select(point => (double?)point.Rate)],
            [.. points.Select(point => point.Loss)],
            [.. curve.Validations.OrderBy(validation => validation.Step)]);
    })]);

    private sealed class Curve(SegmentView first, ThinnedCurve points)
    {
        public SegmentView First { get; } = first;

        public ThinnedCurve Points { get; } = points;

        public List<ValidationView> Validations { get; } = [];

        public string State { get; set; } = first.State;
    }
}
