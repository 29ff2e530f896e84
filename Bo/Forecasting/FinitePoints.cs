namespace Orchestrator.Bo.Forecasting;

/// <summary>The finite points of a series as two arrays of equal length n.</summary>
internal readonly record struct FinitePoints(double[] X, double[] Y)
{
    public int Count => X.Length;

    public static FinitePoints Of(IReadOnlyList<LossPoint> points)
    {
        var finite = new List<LossPoint>(points.Count);
        foreach (LossPoint point in points)
        {
            // Beyond 1e100 squares overflow, and no loss of use is there.
            if (double.IsFinite(point.Step) && Math.Abs(point.Loss) < 1e100)
            {
                finite.Add(point);
            }
        }

        return new FinitePoints([.. finite.Select(point => point.Step)], [.. finite.Select(point => point.Loss)]);
    }
}
