namespace Orchestrator.Bo.Searches;

/// <summary>
/// Watches the losses of a segment for the rise that <see cref="DivergenceGuard"/> describes: the mean of the last
/// <c>patience</c> losses exceeds <c>maxLossRise</c> × the reference. A multiple says something of a positive reference
/// only, so that others never fire.
/// </summary>
/// <param name="maxLossRise">Ratio, above 0; null = nothing is watched.</param>
/// <param name="patience">Losses whose mean is compared, at least 1.</param>
/// <param name="reference">Loss compared with; null = the first one seen.</param>
/// <param name="earlier">Losses that count as seen already, oldest first; null = none.</param>
public sealed class LossRise(double? maxLossRise, int patience, double? reference, IEnumerable<double>? earlier = null)
{
    private readonly Queue<double> _last = new(earlier?.TakeLast(patience) ?? []);

    /// <summary>The loss that others are compared with; null = none yet.</summary>
    public double? Reference { get; private set; } = reference;

    /// <summary>Whether a further loss, finite, is one too many.</summary>
    public bool IsExceededBy(double loss)
    {
        Reference ??= loss;
        _last.Enqueue(loss);
        if (_last.Count > patience)
        {
            _last.Dequeue();
        }

        return maxLossRise is { } rise && Reference > 0 && _last.Count == patience && _last.Sum() / patience > rise * Reference;
    }
}
