using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.Watching;

/// <summary>
/// Loss and rate along the path of the final model, as far as a watcher knows them: the stored curves of what has
/// ended, and behind them the live points of what runs.
/// </summary>
internal sealed class PathCurve
{
    private const int MostLive = 4000;

    private readonly HashSet<int> _taken = [];
    private readonly HashSet<int> _dropped = [];
    private readonly List<PathPoint> _live = [];
    private IReadOnlyList<PathPoint> _stored = [];

    /// <summary>All points, by step.</summary>
    public IReadOnlyList<PathPoint> Points
    {
        get
        {
            long last = _stored.Count == 0 ? -1 : _stored[^1].Step;
            return [.. _stored, .. _live.Where(point => point.Step > last)];
        }
    }

    /// <summary>Something was decided: the probes that the path goes through from now on, and what left it.</summary>
    public void Take(IEnumerable<int> probes, IEnumerable<int> dropped)
    {
        int[] left = [.. dropped];
        foreach (int probe in probes)
        {
            _taken.Add(probe);
            _dropped.Remove(probe);
        }

        if (left.Length > 0)
        {
            _dropped.UnionWith(left);
            _live.Clear();
        }
    }

    /// <summary>What is stored, in place of what was known before.</summary>
    public void Show(CurvesView curves) => _stored =
    [
        .. curves.Curves
            .Where(curve => !_dropped.Contains(curve.Stretch) && (curve.Role == "path" || _taken.Contains(curve.Stretch)))
            .SelectMany(curve => curve.Steps.Select((step, i) => (step, Rate: curve.Rates[i], Loss: curve.Losses[i])))
            .Where(point => point is { Rate: not null, Loss: not null })
            .Select(point => new PathPoint(point.step, point.Rate!.Value, point.Loss!.Value))
            .OrderBy(point => point.Step),
    ];

    /// <summary>A live point of the path.</summary>
    public void Add(PathPoint point)
    {
        _live.Add(point);
        if (_live.Count > MostLive)
        {
            _live.RemoveRange(0, _live.Count - MostLive);
        }
    }
}

/// <summary>A step of the path: its rate, and the loss of its batch before the update.</summary>
internal readonly record struct PathPoint(long Step, double Rate, double Loss);
