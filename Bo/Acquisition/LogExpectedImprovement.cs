using Orchestrator.Bo.Numerics;

namespace Orchestrator.Bo.Acquisition;

// Notation
//   μ, σ    predicted mean and deviation;  b best (lowest) value so far;  z = (b − μ)/σ
//   EI      E max(0, b − f) = σ·h(z),  h(z) = φ(z) + zΦ(z)
//   log EI  log σ + log h(z)                       (Ament et al. 2023: the logarithm, or nothing to climb far away)
//   by μ    −(Φ/h)/σ;   by σ   (1 − z·Φ/h)/σ

/// <summary>Logarithm of the expected improvement over <paramref name="best"/>, stable in the far tail.</summary>
/// <param name="best">b, the lowest value so far; with noise, the lowest posterior mean of a point tried.</param>
public sealed class LogExpectedImprovement(double best) : IAcquisition
{
    /// <inheritdoc/>
    public AcquisitionValue At(double mean, double deviation)
    {
        double z = (best - mean) / deviation;
        double slope = NormalTail.LogExcessSlope(z);
        return new AcquisitionValue(
            Math.Log(deviation) + NormalTail.LogExcess(z), -slope / deviation, (1 - (z * slope)) / deviation);
    }
}
