namespace Orchestrator.Bo.Searches.Annealed;

/// <summary>
/// The constants of <see cref="AnnealedSearch"/>, found by experiment. Lengths are shares of T, the steps after the
/// warm-up; with longer runs the probes of rungs 1 and 2 may be a smaller share.
/// </summary>
public sealed record AnnealedSettings
{
    /// <summary>Below so many steps no probe outlasts the first plateau of a network: the search is refused.</summary>
    public const long LeastSteps = 600;

    /// <summary>`parallelTrialCount` from which each rung is one wave: wall clock is bought with steps.</summary>
    public const int WaveParallelism = 8;

    /// <summary>Length of a probe of rung 0 as a share of T.</summary>
    /// <value>0.0075; above 0.</value>
    public double Rung0 { get; init; } = 0.0075;

    /// <summary>Fewest steps of a probe of rung 0.</summary>
    /// <value>12.</value>
    public long LeastProbe { get; init; } = 12;

    /// <summary>Length of a probe of rung 1 as a share of T; at least twice rung 0's.</summary>
    /// <value>0.03.</value>
    public double Rung1 { get; init; } = 0.03;

    /// <summary>Length of a probe of rung 2 as a share of T; at least twice rung 1's.</summary>
    /// <value>0.08.</value>
    public double Rung2 { get; init; } = 0.08;

    /// <summary>Steps beyond which a longer run no longer needs probes that are longer in proportion.</summary>
    /// <value>2400.</value>
    public double LongRun { get; init; } = 2400;

    /// <summary>How much of each step beyond <see cref="LongRun"/> counts for the length of a probe.</summary>
    /// <value>0.6: the last rung tends to 0.048 T, the one before it to 0.018 T.</value>
    public double LongShare { get; init; } = 0.6;

    /// <summary>Share of a probe that cools down to 0. Shorter ones choose rates that are too small.</summary>
    /// <value>1/3; between 0 and 1.</value>
    public double CoolDown { get; init; } = 1.0 / 3;

    /// <summary>A score enters the parabola as at most this many times the best one, or one unstable arm bends it.</summary>
    /// <value>1.07; above 1.</value>
    public double Cap { get; init; } = 1.07;

    /// <summary>A rate whose score of rung 1 exceeds this many times the best is not tried in rung 2.</summary>
    /// <value>1.30; above 1.</value>
    public double Eliminate { get; init; } = 1.30;

    /// <summary>What the search may cost beside the training, evaluation included, as a share of T: a hard bound.</summary>
    /// <value>0.30; 0.45 where rungs are waves.</value>
    public double? Guard { get; init; }

    /// <summary>What of it rung 0 may take with its repairs.</summary>
    /// <value>0.10.</value>
    public double RepairGuard { get; init; } = 0.10;

    /// <summary>
    /// Share of T for which the peak is held before it decays to 0; at least the constant part of rung 2. Networks want more of
    /// it, noise-dominated problems less: unless it is given, the hold follows the training loss.
    /// </summary>
    /// <value>null: held while the loss falls; 0.35 in a race.</value>
    public double? Hold { get; init; }

    /// <summary>Share of T for which the peak is held at least, where the hold follows the loss.</summary>
    /// <value>0.2.</value>
    public double LeastHold { get; init; } = 0.2;

    /// <summary>Share of T for which the peak is held at most, where the hold follows the loss.</summary>
    /// <value>0.65.</value>
    public double MostHold { get; init; } = 0.65;

    /// <summary>
    /// How often that is looked at, as a share of T: the peak is held on while the mean training loss since the last look is
    /// lower than between that and the one before. Longer windows see a problem that is all noise less often.
    /// </summary>
    /// <value>0.075; above 0.</value>
    public double HoldLook { get; init; } = 0.075;

    /// <summary>The hold in a race, whose runs are to differ in their peak alone.</summary>
    internal const double RaceHold = 0.35;

    /// <summary>By how many octaves the peak goes beyond the best rate where no higher one was tried.</summary>
    /// <value>0.25.</value>
    public double OpenEdge { get; init; } = 0.25;

    /// <summary>Ratio of neighbouring rates in rung 0.</summary>
    /// <value>4; above 1.</value>
    public double Coarse { get; init; } = 4;

    /// <summary>Whether rung 0 may leave the range where its best rate lies at an end, or where all rates diverged.</summary>
    public bool Repair { get; init; } = true;

    /// <summary>Most rates that repairs add.</summary>
    /// <value>8.</value>
    public int MostRepairs { get; init; } = 8;

    /// <summary>Most arms of rung 1.</summary>
    /// <value>5.</value>
    public int MostArms1 { get; init; } = 5;

    /// <summary>Most arms of rung 2.</summary>
    /// <value>4.</value>
    public int MostArms2 { get; init; } = 4;

    /// <summary>Scores of rung 1 within this ratio over two octaves say nothing yet: the plateau outlasts the probes.</summary>
    /// <value>1.01.</value>
    public double Flat { get; init; } = 1.01;

    /// <summary>How often a path that diverges is taken up again at half its rate.</summary>
    /// <value>3.</value>
    public int MostReductions { get; init; } = 3;

    /// <summary>
    /// Full-length variants that are trained beside the path, at lower peaks, until <see cref="RaceUntil"/>; the lowest
    /// held-out loss after a cool-down goes on. Short probes cannot see a network over-fit in the epochs to come; a race can.
    /// </summary>
    /// <value>0, none; at most 3.</value>
    public int Race { get; init; }

    /// <summary>Share of T at which the race is judged; 1 = at the end.</summary>
    /// <value>0.65; between the hold and 1.</value>
    public double RaceUntil { get; init; } = 0.65;

    /// <summary>
    /// Share of T over which each is cooled down to 0 on a fork before it is judged: where the rates are still apart, the
    /// lower one is ahead for no reason but its lower noise.
    /// </summary>
    /// <value>0.04; above 0.</value>
    public double RaceCoolDown { get; init; } = 0.04;

    /// <summary>Peaks of the variants over the path's, in the order they are added.</summary>
    internal static readonly double[] RaceFactors = [1 / 2.8, 1 / 1.7, 1.4];

    /// <summary>
    /// What a step must bring: a probe that is not expected to save this share of the final loss times its steps over T is
    /// not made. Training that is longer by a share x ends at a loss lower by about this times x.
    /// </summary>
    /// <value>0.05; 0 = every probe of a rung is made.</value>
    public double StepPrice { get; init; } = 0.05;

    /// <summary>Whether the peak is the lowest posterior mean of the surrogate instead of the parabola's vertex.</summary>
    public bool PosteriorPeak { get; init; }

    /// <summary>Neighbouring rates of rungs 1 and 2 are a factor of two apart.</summary>
    internal const double Fine = 2;

    /// <summary>A probe is given up when the mean of so many losses …</summary>
    internal const int GuardPatience = 4;

    /// <summary>… exceeds this many times the loss of step 0.</summary>
    internal const double GuardRise = 3;
}
