using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Silo.Api;

/// <summary>Keeps evenly spaced points of a series of any length, and its last, in little memory.</summary>
/// <param name="most">Most points it keeps, at least 2.</param>
internal sealed class ThinnedCurve(int most)
{
    private readonly List<SeriesPoint> _points = [];
    private int _most = most;
    private long _seen;
    private long _every = 1;
    private SeriesPoint _last;

    /// <summary>Points it keeps now, the last not counted.</summary>
    public int Count => _points.Count;

    /// <summary>Takes the next point.</summary>
    public void Add(SeriesPoint point)
    {
        if (_seen++ % _every == 0)
        {
            _points.Add(point);
        }

        _last = point;
        Thin();
    }

    /// <summary>Keeps half as many points from now on.</summary>
    public void Shrink()
    {
        _most = Math.Max(2, _most / 2);
        Thin();
    }

    /// <summary>The points by step; pieces of a run that was split may have come in another order.</summary>
    public IReadOnlyList<SeriesPoint> Points()
    {
        IEnumerable<SeriesPoint> all = _seen == 0 || _points[^1].Step == _last.Step ? _points : _points.Append(_last);
        return [.. all.OrderBy(point => point.Step)];
    }

    private void Thin()
    {
        while (_points.Count >= Math.Max(2, _most))
        {
            for (int i = 1; 2 * i < _points.Count; i++)
            {
                _points[i] = _points[2 * i];
            }

            int kept = (_points.Count + 1) / 2;
            _points.RemoveRange(kept, _points.Count - kept);
            _every *= 2;
        }
    }
}
