namespace Orchestrator.Bo.Searches.AutoLrs;

/// <summary>
/// The rounds of a stage's race: all candidates run a quarter of a probe, the better half of them a half, the better
/// quarter all of it. A shorter probe has fewer rounds: a few losses at the start of a fork say little of its rate.
/// </summary>
internal static class RaceRounds
{
    /// <summary>Steps of the shortest round.</summary>
    private const long Shortest = 5;

    /// <summary>Number of rounds.</summary>
    public static int Count(long probeSteps, bool racing) => !racing ? 1 : probeSteps switch
    {
        >= 4 * Shortest => 3,
        >= 2 * Shortest => 2,
        _ => 1,
    };

    /// <summary>Steps of a probe at the end of a round.</summary>
    public static long Steps(long probeSteps, int round, int rounds) => rounds == 1 ? probeSteps : probeSteps >> (rounds - 1 - round);

    /// <summary>How many of <paramref name="candidates"/> go on after a round.</summary>
    public static int Kept(int candidates, int round) => Math.Max(2, (candidates + (1 << (round + 1)) - 1) >> (round + 1));
}
