namespace Orchestrator.Bo.Schedules;

/// <summary>
/// A linear piece of a learning-rate schedule: at step j = 0 … Steps − 1 the rate is
/// <c>From + (To − From) * j / Steps</c>, in doubles and in that order of operations. <c>To</c> is where the
/// next run begins and is not reached; a constant has <c>From = To</c>.
/// </summary>
/// <param name="Steps">Optimiser updates, at least 1.</param>
/// <param name="From">Learning rate of the first step, finite, at least 0.</param>
/// <param name="To">Learning rate the piece runs towards, finite, at least 0.</param>
public sealed record RateRun(long Steps, double From, double To)
{
    /// <summary>The learning rate of step <paramref name="j"/> of this run, 0 ≤ j &lt; Steps.</summary>
    public double At(long j) => From + ((To - From) * j / Steps);

    /// <summary>
    /// The run cut in two after <paramref name="steps"/> of its steps, 0 &lt; steps &lt; Steps. Parts of a constant run keep its
    /// bits; of any other, its slope.
    /// </summary>
    public (RateRun Before, RateRun After) CutAfter(long steps) =>
        (new RateRun(steps, From, At(steps)), new RateRun(Steps - steps, At(steps), To));
}
