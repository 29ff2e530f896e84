using Orchestrator.Bo.Forecasting;

namespace Orchestrator.Bo.Searches;

/// <summary>What searches read from a series of losses. Non-finite values are left out: a guard has seen them already.</summary>
internal static class Signal
{
    /// <summary>Over how many steps at its end a stage is judged: a tenth of it, at least 5, at most all.</summary>
    public static long Window(long stageSteps) => Math.Min(stageSteps, Math.Max(5, stageSteps / 10));

    /// <summary>The first finite loss; null if there is none.</summary>
    public static double? First(IReadOnlyList<double> losses)
    {
        foreach (double loss in losses)
        {
            if (double.IsFinite(loss))
            {
                return loss;
            }
        }

        return null;
    }

    /// <summary>The held-out score at the end of a stretch; null if there is none, or it is not finite.</summary>
    public static double? Score(StretchResult result) =>
        result.Validations.Count > 0 && double.IsFinite(result.Validations[^1].Score) ? result.Validations[^1].Score : null;

    /// <summary>Mean of the finite ones of the last <paramref name="window"/> losses; null if there is none.</summary>
    public static double? Tail(IReadOnlyList<double> losses, long window)
    {
        double sum = 0;
        int count = 0;
        for (int i = (int)Math.Max(0, losses.Count - window); i < losses.Count; i++)
        {
            if (double.IsFinite(losses[i]))
            {
                sum += losses[i];
                count++;
            }
        }

        double mean = sum / count;
        return double.IsFinite(mean) ? mean : null;
    }

    /// <summary>
    /// A curve as means of at most <paramref name="blocks"/> equal blocks of its finite points, each at the mean of its
    /// steps. A block without a finite point is left out.
    /// </summary>
    public static IReadOnlyList<LossPoint> Blocks(IReadOnlyList<LossPoint> points, int blocks)
    {
        int count = Math.Min(blocks, points.Count);
        var means = new List<LossPoint>(count);
        for (int block = 0; block < count; block++)
        {
            int first = block * points.Count / count;
            int end = (block + 1) * points.Count / count;
            LossPoint[] finite = [.. points.Skip(first).Take(end - first).Where(point => double.IsFinite(point.Loss))];
            if (finite.Length > 0)
            {
                means.Add(new LossPoint(finite.Average(point => point.Step), finite.Average(point => point.Loss)));
            }
        }

        return means;
    }
}
