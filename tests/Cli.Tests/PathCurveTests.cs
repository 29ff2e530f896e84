using Orchestrator.Cli.Watching;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.Tests;

public sealed class PathCurveTests
{
    private readonly PathCurve _path = new();

    [Fact]
    public void The_path_goes_through_the_probe_that_was_taken_and_through_no_other()
    {
        _path.Take(probes: [1], dropped: []);
        _path.Show(new CurvesView([Curve(0, "probe", 0, 9), Curve(1, "probe", 0, 3), Curve(2, "path", 1, 2)]));
        Assert.Equal([3, 2], _path.Points.Select(point => point.Loss));
    }

    [Fact]
    public void A_stretch_that_left_the_path_is_not_shown()
    {
        _path.Take(probes: [1], dropped: []);
        _path.Take(probes: [0], dropped: [1, 2]);
        _path.Show(new CurvesView([Curve(0, "probe", 0, 4), Curve(1, "probe", 0, 3), Curve(2, "path", 1, 2)]));
        Assert.Equal([4], _path.Points.Select(point => point.Loss));
    }

    [Fact]
    public void Live_points_of_what_left_the_path_are_not_shown_behind_it()
    {
        _path.Add(new PathPoint(5, 0.1, 9));
        _path.Take(probes: [1], dropped: [2]);
        _path.Show(new CurvesView([Curve(1, "probe", 0, 3), Curve(2, "path", 5, 9)]));
        Assert.Equal([3], _path.Points.Select(point => point.Loss));
    }

    [Fact]
    public void Live_points_go_on_where_the_stored_ones_end()
    {
        _path.Add(new PathPoint(0, 0.1, 7));
        _path.Add(new PathPoint(1, 0.1, 6));
        Assert.Equal([7, 6], _path.Points.Select(point => point.Loss));
        _path.Show(new CurvesView([Curve(2, "path", 0, 5)]));
        Assert.Equal([5, 6], _path.Points.Select(point => point.Loss));
    }

    private static CurveView Curve(int stretch, string role, long step, double loss) =>
        new(stretch, role, 0, 0.1, "succeeded", [step], [0.1], [loss], []);
}
