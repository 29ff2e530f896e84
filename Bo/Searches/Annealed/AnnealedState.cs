using System.Collections.Immutable;

namespace Orchestrator.Bo.Searches.Annealed;

/// <summary>State of <see cref="AnnealedSearch"/>.</summary>
/// <param name="NextStretch">Plan number of the next stretch.</param>
/// <param name="Rung">The rung that is under way.</param>
/// <param name="Warmup">Stretch of the warm-up, from whose end all arms start; null = none planned.</param>
/// <param name="WarmupOutcome">How it ended; null while it runs.</param>
/// <param name="Arms">The rates tried so far, in the order they were planned.</param>
/// <param name="Doublings">How often rungs 1 and 2 were made twice as long.</param>
/// <param name="Repairs">Rates that repairs have added.</param>
/// <param name="Best">The best rate of each rung that is closed.</param>
/// <param name="Spent">Steps and validations of all probes planned so far, in steps.</param>
/// <param name="FirstLoss">Loss of step 0; null = unknown.</param>
/// <param name="Path">The path; null = not chosen yet.</param>
/// <param name="Rivals">Full-length variants that race against the path; empty when there are none, or the race is over.</param>
/// <param name="Ended">The search completed or failed.</param>
public sealed record AnnealedState(
    int NextStretch,
    int Rung,
    int? Warmup,
    StretchOutcome? WarmupOutcome,
    ImmutableArray<Arm> Arms,
    int Doublings,
    int Repairs,
    ImmutableArray<double> Best,
    double Spent,
    double? FirstLoss,
    AnnealedPath? Path,
    ImmutableArray<AnnealedPath> Rivals,
    bool Ended) : SearchState
{
    /// <summary>A probe was planned and has not been observed.</summary>
    internal bool IsWaiting => Arms.Any(arm => arm.Probes.Any(probe => probe.IsWaiting));

    /// <summary>The arm of a rate; null = none. Products of the same factors may differ in their last bits.</summary>
    internal Arm? Find(double rate) => Arms.FirstOrDefault(arm => Math.Abs(Math.Log(arm.Rate / rate)) < 1e-9);

    /// <summary>The arms tried in a rung, lowest rate first; those that died before it are not among them.</summary>
    internal Arm[] In(int rung) => [.. Arms.Where(arm => arm.At(rung) is not null).OrderBy(arm => arm.Rate)];

    /// <summary>The arm with the lowest score in a rung, the larger rate of equals; null = all died, or none was tried.</summary>
    internal Arm? BestOf(int rung) => Arms.Where(arm => double.IsFinite(arm.Score(rung) ?? double.NaN))
        .OrderBy(arm => arm.Score(rung)!.Value).ThenByDescending(arm => arm.Rate).FirstOrDefault();
}
