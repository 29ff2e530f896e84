namespace Orchestrator.Bo.Acquisition;

/// <summary>How much a point is worth trying, from what is predicted there; more is better. For minimisation.</summary>
public interface IAcquisition
{
    /// <summary>The worth of a point and its derivatives by mean and standard deviation of the prediction.</summary>
    /// <param name="mean">Predicted mean, finite.</param>
    /// <param name="deviation">Predicted standard deviation, above 0.</param>
    AcquisitionValue At(double mean, double deviation);
}

/// <summary>Worth of a point and its derivatives.</summary>
public readonly record struct AcquisitionValue(double Value, double ByMean, double ByDeviation);
