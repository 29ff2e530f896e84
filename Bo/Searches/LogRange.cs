namespace Orchestrator.Bo.Searches;

/// <summary>The range of rates, evenly spread over [0, 1] in its logarithm.</summary>
internal readonly record struct LogRange(double Min, double Max)
{
    /// <summary>Where a rate lies, 0 … 1.</summary>
    public double Encode(double rate) => Math.Clamp(Math.Log(rate / Min) / Math.Log(Max / Min), 0, 1);

    /// <summary>The rate at <paramref name="u"/>; the ends are exact.</summary>
    public double Decode(double u) => u switch
    {
        <= 0 => Min,
        >= 1 => Max,
        _ => Math.Clamp(Min * Math.Exp(u * Math.Log(Max / Min)), Min, Max),
    };

    /// <summary><paramref name="count"/> rates, at least 2, equally spaced in their logarithm, ends included.</summary>
    public double[] Grid(int count)
    {
        LogRange range = this;
        return [.. Enumerable.Range(0, count).Select(i => range.Decode((double)i / (count - 1)))];
    }
}
