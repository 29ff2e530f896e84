namespace Orchestrator.Bo.Spaces;

// Notation
//   x in [lo, hi];  u in [0, 1]
//   linear        u = (x − lo)/(hi − lo)
//   log           u = log(x/lo)/log(hi/lo)
//   reverse log   u = 1 − log((lo + hi − x)/lo)/log(hi/lo): the log scale read from the other end

/// <summary>A range of numbers and its scale.</summary>
internal sealed record ScaledRange
{
    public ScaledRange(string name, double min, double max, Scale scale)
    {
        if (!double.IsFinite(min) || !double.IsFinite(max) || min >= max)
        {
            throw new ArgumentException($"'{name}' goes from {min} to {max}; finite ends with min < max are wanted.", nameof(min));
        }

        if (scale != Scale.Linear && min <= 0)
        {
            throw new ArgumentException($"'{name}' begins at {min}; a logarithmic scale needs a min above 0.", nameof(min));
        }

        (Min, Max, Scale) = (min, max, scale);
    }

    public double Min { get; }

    public double Max { get; }

    public Scale Scale { get; }

    /// <summary>u; null if the value is no number of the range.</summary>
    public double? TryEncode(ParameterValue value) => value.Number is { } x && x >= Min && x <= Max
        ? Math.Clamp(Scale switch
        {
            Scale.Linear => (x - Min) / (Max - Min),
            Scale.Log => Math.Log(x / Min) / Math.Log(Max / Min),
            _ => 1 - (Math.Log((Min + (Max - x)) / Min) / Math.Log(Max / Min)),
        }, 0, 1)
        : null;

    /// <summary>x, within the ends, which are exact.</summary>
    public double Decode(double u) => u switch
    {
        <= 0 => Min,
        >= 1 => Max,
        _ => Math.Clamp(Scale switch
        {
            Scale.Linear => Min + (u * (Max - Min)),
            Scale.Log => Min * Math.Exp(u * Math.Log(Max / Min)),
            _ => Min + Max - (Min * Math.Exp((1 - u) * Math.Log(Max / Min))),
        }, Min, Max),
    };
}
