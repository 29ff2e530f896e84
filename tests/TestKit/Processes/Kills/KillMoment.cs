using Orchestrator.Bo.Numerics;

namespace Orchestrator.TestKit.Processes.Kills;

/// <summary>
/// When a kill comes: after so many segments have ended and all slots are busy again, and after that a part of the
/// time a segment takes. It is counted in segments, not in seconds, so that it means the same on any machine.
/// </summary>
/// <param name="Victim">What is killed.</param>
/// <param name="AfterSegments">Segments that ended before.</param>
/// <param name="PartOfSegment">Part of a segment's time that passes then, 0 to 1.</param>
/// <param name="Which">Draws the trainer or agent, 0 to 1.</param>
public sealed record KillMoment(Victim Victim, int AfterSegments, double PartOfSegment, double Which)
{
    /// <summary>Draws a moment; the same numbers draw the same moment.</summary>
    /// <param name="seed">Seed of all kills of a run.</param>
    /// <param name="victim">What is killed.</param>
    /// <param name="number">Number of the kill.</param>
    /// <param name="from">Fewest segments that ended before.</param>
    /// <param name="to">One more than the most.</param>
    public static KillMoment Draw(long seed, Victim victim, int number, int from, int to)
    {
        Random random = RandomStreams.Generator(seed, $"kill/{victim}", number);
        return new KillMoment(victim, random.Next(from, to), random.NextDouble(), random.NextDouble());
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Victim} after {AfterSegments} segments and {PartOfSegment:F2} of one";
}
