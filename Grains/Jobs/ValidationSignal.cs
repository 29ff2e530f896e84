using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Grains.Jobs;

/// <summary>What a search sees of a validation.</summary>
internal static class ValidationSignal
{
    private const string Full = "validation_";
    private const string Probe = "probe_";

    /// <summary>
    /// The loss, and the objective as a score of which less is better. A metric <c>validation_x</c> is <c>probe_x</c> on the
    /// probe subset; a trainer that reports neither, nor the metric by its own name, is judged by its loss.
    /// </summary>
    public static ValidationPoint Of(ValidationResult validation, ObjectiveSpec objective)
    {
        double loss = First(validation, "probe_loss", "validation_loss") ?? double.NaN;
        string name = objective.Metric.StartsWith(Full, StringComparison.Ordinal) ? objective.Metric[Full.Length..] : objective.Metric;
        double? value = First(validation, Probe + name, objective.Metric);

        // A metric that was named as not finite is not answered by another one.
        bool lost = validation.NonFinite?.Any(metric => metric == Probe + name || metric == objective.Metric) ?? false;
        double score = value is { } found ? (objective.Maximize ? -found : found) : lost ? double.NaN : loss;
        return new ValidationPoint(validation.Step, loss, score);
    }

    private static double? First(ValidationResult validation, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (validation.Metrics.TryGetValue(name, out double value))
            {
                return value;
            }
        }

        return null;
    }
}
