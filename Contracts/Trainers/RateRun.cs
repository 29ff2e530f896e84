namespace Orchestrator.Contracts.Trainers;

/// <summary>
/// A piece of a rate plan, <c>[n, a, b]</c>: at step j = 0 … n − 1 the rate is a + (b − a) · j / n. So b is where the
/// next run begins and is not reached; a constant is a = b.
/// </summary>
/// <param name="Steps">n, at least 1.</param>
/// <param name="From">a, finite, at least 0.</param>
/// <param name="To">b, finite, at least 0.</param>
public readonly record struct RateRun(long Steps, double From, double To)
{
    /// <summary>
    /// The rate at step <paramref name="j"/> of this run. The order of operations is part of the protocol: every party
    /// compares rates bit for bit.
    /// </summary>
    public double RateAt(long j) => From + ((To - From) * j / Steps);
}
