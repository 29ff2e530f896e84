using System.Collections.Immutable;
using Orchestrator.Bo.Forecasting;

namespace Orchestrator.Bo.Searches.AutoLrs;

/// <summary>State of <see cref="AutoLrsSearch"/>. Finished stages leave a few numbers behind, bounded in number.</summary>
/// <param name="NextStretch">Plan number of the next stretch.</param>
/// <param name="Stage">Index of the stage, warm-up not counted.</param>
/// <param name="Tip">Stretch from whose end the stage starts; null = the initial state.</param>
/// <param name="WarmupDone">There is no warm-up, or it succeeded.</param>
/// <param name="Round">The round of the race that is under way.</param>
/// <param name="Racers">Rates tried in this stage, in plan order.</param>
/// <param name="Running">Rate at the end of the last stage; null in the first.</param>
/// <param name="Chosen">Rate of the stage; null = not chosen yet.</param>
/// <param name="Decay">Whether the stage decays from it.</param>
/// <param name="Promise">Forecast of the chosen rate, and the last loss that was seen of it.</param>
/// <param name="Path">Stretch under way, or just observed, on the path; null = none.</param>
/// <param name="PathOutcome">How it ended; null while it runs.</param>
/// <param name="Realised">Mean signal over its last steps.</param>
/// <param name="Level">The signal at the start of the stage; null = unknown.</param>
/// <param name="Progress">By how much of its level the last stage lowered the signal, a step; null = unknown.</param>
/// <param name="FirstLoss">The first loss of the search; null = unknown.</param>
/// <param name="Memory">What recent stages showed of rates.</param>
/// <param name="Calibration">What became of the forecasts so far.</param>
/// <param name="Ruined">Stages that were trained again because their rate had done harm.</param>
/// <param name="Ended">The search completed or failed.</param>
/// <param name="Annealing">The rate decays to 0 at the end of training, from an earlier stage on.</param>
public sealed record AutoLrsState(
    int NextStretch,
    int Stage,
    int? Tip,
    bool WarmupDone,
    int Round,
    ImmutableArray<Racer> Racers,
    double? Running,
    double? Chosen,
    bool Decay,
    Promise? Promise,
    int? Path,
    StretchOutcome? PathOutcome,
    double? Realised,
    double? Level,
    double? Progress,
    double? FirstLoss,
    ImmutableArray<Remembered> Memory,
    ForecastCalibration Calibration,
    int Ruined,
    bool Ended,
    bool Annealing = false) : SearchState, IStageState
{
    /// <summary>Every stretch of the race that was planned was observed.</summary>
    internal bool IsQuiet => Racers.All(racer => racer.Awaited is null);
}

/// <summary>A rate in a stage's race.</summary>
/// <param name="Rate">Learning rate.</param>
/// <param name="Chain">Its stretches, from the stage's start.</param>
/// <param name="Made">Steps of them.</param>
/// <param name="Awaited">The stretch that runs; null = none.</param>
/// <param name="Diverged">It diverged.</param>
/// <param name="Round">The last round it took part in.</param>
/// <param name="Curve">Means of equal blocks of the signal, with the step of each block's middle, from the stage's start.</param>
/// <param name="CoolDown">The fork on which it is cooled down to be judged, which is thrown away; null = none was planned.</param>
/// <param name="Cooled">The held-out score at its end, smaller is better; null = none.</param>
public sealed record Racer(
    double Rate,
    ImmutableArray<int> Chain,
    long Made,
    int? Awaited,
    bool Diverged,
    int Round,
    ImmutableArray<LossPoint> Curve,
    int? CoolDown = null,
    double? Cooled = null)
{
    internal bool IsAlive => !Diverged && !Curve.IsEmpty;

    internal double Last => Curve[^Math.Min(Curve.Length, 3)..].Average(point => point.Loss);
}

/// <summary>What a stage was chosen for.</summary>
/// <param name="Mean">Forecast.</param>
/// <param name="Deviation">Its standard deviation, not widened.</param>
/// <param name="Last">The last loss seen of the chosen rate.</param>
public sealed record Promise(double Mean, double Deviation, double Last);

/// <summary>What a stage showed of a rate.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Rate">The rate.</param>
/// <param name="Change">(forecast − level)/|level|, less the mean over the stage's candidates.</param>
/// <param name="Deviation">Its standard deviation.</param>
public sealed record Remembered(int Stage, double Rate, double Change, double Deviation);
