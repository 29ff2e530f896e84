namespace Orchestrator.Bo.Schedules;

/// <summary>Turns a curve into straight runs: a broken line through points of the curve, close to it at every step.</summary>
internal static class RunCompiler
{
    /// <summary>Beyond this many steps a run is compared with the curve at so many equally spaced steps only.</summary>
    private const long Checks = 256;

    /// <summary>
    /// What a comparison at <see cref="Checks"/> steps can overlook: between two of them, a smooth curve is further
    /// from its chord than at them by (1/Checks)² of the distance.
    /// </summary>
    private const double Margin = 0.99;

    /// <summary>The runs of the steps <paramref name="first"/> … <paramref name="end"/> − 1.</summary>
    /// <param name="rate">The curve at whole steps, up to and with <paramref name="end"/>; smooth.</param>
    /// <param name="first">First step.</param>
    /// <param name="end">One after the last step.</param>
    /// <param name="tolerance">How far a rate may be from the curve, above 0.</param>
    public static IReadOnlyList<RateRun> Compile(Func<long, double> rate, long first, long end, double tolerance)
    {
        var runs = new List<RateRun>();
        while (first < end)
        {
            long length = Longest(rate, first, end, tolerance * Margin);
            runs.Add(Chord(rate, first, length));
            first += length;
        }

        return runs;
    }

    /// <summary>The longest chord from <paramref name="first"/> that stays close, by doubling and bisection.</summary>
    private static long Longest(Func<long, double> rate, long first, long end, double tolerance)
    {
        long good = 1;
        long bad = end - first + 1;
        while (bad - good > 1)
        {
            long length = Math.Min(2 * good, good + ((bad - good) / 2));
            if (IsClose(rate, first, Chord(rate, first, length), tolerance))
            {
                good = length;
            }
            else
            {
                bad = length;
            }
        }

        return good;
    }

    private static RateRun Chord(Func<long, double> rate, long first, long length) =>
        new(length, rate(first), rate(first + length));

    private static bool IsClose(Func<long, double> rate, long first, RateRun chord, double tolerance)
    {
        long checks = Math.Min(chord.Steps, Checks);
        for (long i = 1; i < checks; i++)
        {
            long j = chord.Steps * i / checks;
            if (Math.Abs(rate(first + j) - chord.At(j)) > tolerance)
            {
                return false;
            }
        }

        return true;
    }
}
