using MathNet.Numerics.Distributions;
using MathNet.Numerics.Statistics;

namespace Orchestrator.Benchmarks.OnTheClock;

/// <summary>How much larger one method's loss is than another's on the same seeds, on the geometric mean.</summary>
/// <param name="Seeds">Seeds that both ended with a model.</param>
/// <param name="Mean">Geometric mean of the ratios, less 1: −0.02 is 2 % less.</param>
/// <param name="Low">Lower end of the 90 % interval by Student's t on the logarithms; NaN for one seed.</param>
/// <param name="High">Its upper end.</param>
internal sealed record PairedRatio(int Seeds, double Mean, double Low, double High)
{
    private const double Confidence = 0.9;

    /// <summary>Of pairs of positive losses; null where there are none.</summary>
    public static PairedRatio? Of(IReadOnlyList<(double Loss, double Baseline)> pairs)
    {
        if (pairs.Count == 0)
        {
            return null;
        }

        double[] logs = [.. pairs.Select(pair => Math.Log(pair.Loss / pair.Baseline))];
        double mean = logs.Mean();
        double half = logs.Length == 1
            ? double.NaN
            : StudentT.InvCDF(0, 1, logs.Length - 1, (1 + Confidence) / 2) * logs.StandardDeviation() / Math.Sqrt(logs.Length);
        return new PairedRatio(logs.Length, Math.Exp(mean) - 1, Math.Exp(mean - half) - 1, Math.Exp(mean + half) - 1);
    }
}
