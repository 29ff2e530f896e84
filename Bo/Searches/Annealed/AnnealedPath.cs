using System.Collections.Immutable;
using Orchestrator.Bo.Schedules;

namespace Orchestrator.Bo.Searches.Annealed;

/// <summary>
/// A training run at one peak: the constant part of an arm, the peak held, the decay to 0. One is the path of the model;
/// others may race against it.
/// </summary>
/// <param name="Arm">Rate of the arm whose constant part is taken.</param>
/// <param name="Peak">The rate that is held, and that the decay begins at.</param>
/// <param name="Runs">Its whole schedule after the warm-up, the arm's constant part included.</param>
/// <param name="Pieces">The stretches planned beyond the arm, in order; what was given up is not among them.</param>
/// <param name="Reductions">How often it diverged and was taken up at half the rate.</param>
/// <param name="Score">The held-out loss at the end of its last piece; null = it was not validated there.</param>
/// <param name="Realised">Mean training loss over the last steps of its last piece.</param>
/// <param name="Fork">Where it is cooled down to be judged; null = none was planned.</param>
/// <param name="Before">How many of its pieces were made before its rate was last halved.</param>
public sealed record AnnealedPath(
    double Arm,
    double Peak,
    ImmutableArray<RateRun> Runs,
    ImmutableArray<PathPiece> Pieces,
    int Reductions,
    double? Score,
    double? Realised,
    RaceFork? Fork = null,
    int Before = 0)
{
    /// <summary>The held-out loss by which the race is judged; null = not judged.</summary>
    internal double? Judged => Fork is null ? Score : Fork.Score;

    /// <summary>Something that was planned has not been observed.</summary>
    internal bool IsWaiting => Pieces.Any(piece => piece.Outcome is null) || Fork is { Outcome: null };

    /// <summary>A piece diverged, and nothing of it is outstanding: what followed is observed too, as cancelled.</summary>
    internal bool IsBroken => !IsWaiting && Pieces.Any(piece => piece.Outcome is not StretchOutcome.Succeeded);

    /// <summary>The last sound piece; null = none, the arm's end is.</summary>
    internal PathPiece? Sound => Pieces.LastOrDefault(piece => piece.Outcome == StretchOutcome.Succeeded);

    /// <summary>The pieces at its present rates: losses at another say nothing about how these fall.</summary>
    internal IReadOnlyList<PathPiece> Held => [.. Pieces.Skip(Before)];

    /// <summary>Whether a stretch is one of those that hold the peak.</summary>
    internal bool Holds(int stretch) => Pieces.Any(piece => piece.Stretch == stretch && piece.End <= Hold);

    /// <summary>Steps after the warm-up after which it decays.</summary>
    internal long Hold => Runs.TakeWhile(run => run.From == run.To).Sum(run => run.Steps);

    /// <summary>Steps after the warm-up that are made and sound.</summary>
    internal long Made(Arm arm) => Sound?.End ?? arm.Made;

    internal AnnealedPath Plan(Stretch stretch, long start) =>
        this with { Pieces = Pieces.Add(new PathPiece(stretch.Number, stretch.Start + stretch.Steps - start, null)) };

    internal AnnealedPath PlanFork(Stretch stretch) => this with { Fork = new RaceFork(stretch.Number, Peak, stretch.Runs[0], null, null) };

    internal bool Has(int stretch) => stretch == Fork?.Stretch || Pieces.Any(piece => piece.Stretch == stretch);

    internal AnnealedPath Observe(Observation observation) => observation.Stretch == Fork?.Stretch ? this with
    {
        Fork = Fork with
        {
            Outcome = observation.Outcome,
            Score = observation.Outcome == StretchOutcome.Succeeded ? observation.Value : null,
        },
    }
    : this with
    {
        Pieces =
        [
            .. Pieces.Select(piece => piece.Stretch != observation.Stretch ? piece
                : piece with { Outcome = observation.Outcome, Mean = observation.Curve is [var all] ? all.Loss : null }),
        ],
        Score = observation.Value,
        Realised = observation.Last ?? Realised,
    };

    /// <summary>The path with a decay in place of what its schedule had from some step on.</summary>
    internal AnnealedPath Decay(long from, IEnumerable<RateRun> decay) => this with { Runs = [.. Runs.CutAfter(from).Before, .. decay] };

    /// <summary>The path from the end of its last sound piece on, at half its rates.</summary>
    internal AnnealedPath Halved(Arm arm)
    {
        // Pieces end where runs do, or within a constant one: what was made keeps the bits of its rates.
        (IReadOnlyList<RateRun> made, IReadOnlyList<RateRun> rest) = Runs.CutAfter(Made(arm));
        PathPiece[] sound = [.. Pieces.Where(piece => piece.Outcome == StretchOutcome.Succeeded)];
        return this with
        {
            Peak = Peak / 2,
            Runs = [.. made, .. rest.Select(run => new RateRun(run.Steps, run.From / 2, run.To / 2))],
            Pieces = [.. sound],
            Before = sound.Length,
            Reductions = Reductions + 1,
            Score = null,
            Realised = null,
        };
    }
}

/// <summary>A stretch of a path.</summary>
/// <param name="Stretch">Its plan number.</param>
/// <param name="End">Steps after the warm-up made at its end.</param>
/// <param name="Outcome">How it ended; null while it runs.</param>
/// <param name="Mean">Mean of its training losses, where the hold follows them; null = not kept, or none was told.</param>
public sealed record PathPiece(int Stretch, long End, StretchOutcome? Outcome, double? Mean = null);

/// <summary>The fork on which a contender of a race is cooled down to 0: a finished run of fewer steps.</summary>
/// <param name="Stretch">Its plan number.</param>
/// <param name="Peak">The peak that it raced at.</param>
/// <param name="Run">Its rates.</param>
/// <param name="Outcome">How it ended; null while it runs.</param>
/// <param name="Score">The held-out loss at its end; null = none, or it is not finite.</param>
public sealed record RaceFork(int Stretch, double Peak, RateRun Run, StretchOutcome? Outcome, double? Score);
