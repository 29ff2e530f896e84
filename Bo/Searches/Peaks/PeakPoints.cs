namespace Orchestrator.Bo.Searches.Peaks;

/// <summary>Sets of peaks between two ends.</summary>
public static class PeakPoints
{
    /// <summary><paramref name="count"/> peaks with equal ratios, ends included; one alone lies in the middle.</summary>
    public static double[] Grid(double min, double max, int count)
    {
        var range = new LogRange(min, max);
        return count == 1 ? [range.Decode(0.5)] : range.Grid(count);
    }

    /// <summary>
    /// The first <paramref name="count"/> points of the one-dimensional Sobol sequence in log rate, its origin skipped:
    /// ½, ¾, ¼, ⅜, ⅞, … They fill the range evenly however many are taken, and more can be added later.
    /// </summary>
    public static double[] Sobol(double min, double max, int count)
    {
        var range = new LogRange(min, max);
        return [.. Enumerable.Range(1, count).Select(i => range.Decode(RadicalInverse((uint)(i ^ (i >> 1)))))];
    }

    /// <summary>The bits of a number mirrored at the binary point.</summary>
    private static double RadicalInverse(uint index)
    {
        double value = 0;
        double place = 0.5;
        for (; index > 0; index >>= 1, place /= 2)
        {
            value += (index & 1) * place;
        }

        return value;
    }
}
