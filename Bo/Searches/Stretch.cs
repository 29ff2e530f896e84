using Orchestrator.Bo.Schedules;

namespace Orchestrator.Bo.Searches;

/// <summary>What a stretch is for; says to which purse its steps go until a decision moves them.</summary>
public enum StretchRole
{
    /// <summary>On the path of the final model.</summary>
    Path,

    /// <summary>Tries a candidate; on the path only if a decision takes it.</summary>
    Probe,
}

/// <summary>
/// A piece of training that a search plans, and observes, as one: from the end of <see cref="Parent"/>,
/// <see cref="Steps"/> steps under <see cref="Runs"/>. Whoever runs it may cut it into segments.
/// </summary>
/// <param name="Number">Plan number, dense from 0 within the job.</param>
/// <param name="Parent">Number of the stretch from whose end this one starts; null = the initial state.</param>
/// <param name="Start">Index of its first step within the trial.</param>
/// <param name="Steps">Length in optimiser updates, at least 1.</param>
/// <param name="Runs">The rates: step s of the stretch takes position <see cref="Offset"/> + s of the runs.</param>
/// <param name="Offset">Position in <see cref="Runs"/> of the first step, at least 0.</param>
/// <param name="Role">What it is for.</param>
/// <param name="Guard">When to give it up as diverged, beyond a non-finite loss or gradient, which always does.</param>
/// <param name="ValidateEvery">Validate on the probe subset after every step divisible by this; 0 = never.</param>
/// <param name="ValidateAtEnd">Validate after the last step, on the probe subset unless FullValidation says otherwise.</param>
/// <param name="Continues">Whether another stretch may start from its end, so that a checkpoint is needed.</param>
/// <param name="Stage">Index of the stage it belongs to.</param>
/// <param name="Reason">Why it was planned, in plain words.</param>
/// <param name="FullValidation">Whether the validation at its end is on the whole split, not on the probe subset.</param>
public sealed record Stretch(
    int Number,
    int? Parent,
    long Start,
    long Steps,
    IReadOnlyList<RateRun> Runs,
    long Offset,
    StretchRole Role,
    DivergenceGuard? Guard,
    long ValidateEvery,
    bool ValidateAtEnd,
    bool Continues,
    int Stage,
    string Reason,
    bool FullValidation = false);

/// <summary>
/// Gives a stretch up when the mean of the last <see cref="Patience"/> losses exceeds
/// <see cref="MaxLossRise"/> × the reference loss.
/// </summary>
/// <param name="MaxLossRise">Ratio, above 1.</param>
/// <param name="Patience">Steps, at least 1.</param>
/// <param name="ReferenceLoss">Loss compared with; null = the first loss of the segment.</param>
public sealed record DivergenceGuard(double MaxLossRise, int Patience, double? ReferenceLoss = null);

/// <summary>How a stretch ended, as a search sees it.</summary>
public enum StretchOutcome
{
    /// <summary>All its steps were made.</summary>
    Succeeded,

    /// <summary>The divergence guard fired.</summary>
    Diverged,

    /// <summary>Its parent diverged or failed, so it never ran.</summary>
    Cancelled,
}

/// <summary>All that is known of a finished stretch, before a search reduces it to an <see cref="Observation"/>.</summary>
/// <param name="Stretch">Its plan number.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Losses">Training loss of the batch of each step made, before its update; NaN = not finite.</param>
/// <param name="Validations">Probe-subset losses after a number of steps of the trial, in order of step.</param>
public sealed record StretchResult(
    int Stretch,
    StretchOutcome Outcome,
    IReadOnlyList<double> Losses,
    IReadOnlyList<ValidationPoint> Validations);

/// <summary>A validation.</summary>
/// <param name="Step">Number of updates of the trial made before it.</param>
/// <param name="Loss">The loss on the held-out subset; NaN = not finite.</param>
/// <param name="Score">
/// The job's objective on it, negated where more is better, so that less is better always; NaN = not finite.
/// </param>
public sealed record ValidationPoint(long Step, double Loss, double Score)
{
    /// <summary>A validation whose objective is the loss.</summary>
    public ValidationPoint(long step, double loss)
        : this(step, loss, loss)
    {
    }
}
