namespace Orchestrator.Bo.Acquisition;

/// <summary>−(μ − κσ): the lower the confidence bound, the more worth trying. A large κ fills space.</summary>
/// <param name="kappa">κ, at least 0.</param>
public sealed class LowerConfidenceBound(double kappa) : IAcquisition
{
    /// <inheritdoc/>
    public AcquisitionValue At(double mean, double deviation) => new((kappa * deviation) - mean, -1, kappa);
}
