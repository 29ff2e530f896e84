namespace Orchestrator.Bo.Numerics;

/// <summary>
/// Points that fill the unit cube evenly. In one dimension an equally spaced grid with both ends; in more, the additive
/// recurrence xₙ = frac(½ + n·(1/g, 1/g², …)), g the positive root of gᴰ⁺¹ = g + 1 (Roberts' generalised golden ratio).
/// </summary>
internal static class SpaceFilling
{
    /// <summary><paramref name="count"/> points of <paramref name="dimension"/> coordinates in [0, 1].</summary>
    public static double[][] Points(int dimension, int count)
    {
        if (dimension == 1)
        {
            return [.. Enumerable.Range(0, count).Select(i => new[] { count == 1 ? 0.5 : (double)i / (count - 1) })];
        }

        double ratio = 2;
        for (int i = 0; i < 64; i++)
        {
            ratio = Math.Pow(1 + ratio, 1.0 / (dimension + 1));
        }

        double[] increments = [.. Enumerable.Range(1, dimension).Select(k => Math.Pow(ratio, -k))];
        return [.. Enumerable.Range(1, count).Select(n => increments.Select(a => (0.5 + (n * a)) % 1).ToArray())];
    }
}
