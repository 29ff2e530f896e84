using System.Collections.Immutable;

namespace Orchestrator.Bo.Spaces;

/// <summary>What is searched over: dimensions, and their coordinates side by side in one unit cube.</summary>
public sealed class SearchSpace
{
    /// <summary>A space of at least one dimension; names must differ.</summary>
    public SearchSpace(IReadOnlyList<Dimension> dimensions)
    {
        ArgumentNullException.ThrowIfNull(dimensions);
        if (dimensions.Count == 0 || dimensions.Select(d => d.Name).Distinct().Count() != dimensions.Count)
        {
            throw new ArgumentException("Give at least one dimension, each with a name of its own.", nameof(dimensions));
        }

        Dimensions = [.. dimensions];
        Width = Dimensions.Sum(dimension => dimension.Width);
    }

    /// <summary>The dimensions, in order.</summary>
    public ImmutableArray<Dimension> Dimensions { get; }

    /// <summary>D, coordinates of the unit cube.</summary>
    public int Width { get; }

    /// <summary>The coordinates of a value for each dimension, shape [D].</summary>
    /// <exception cref="ArgumentException">A value is missing or not of its dimension.</exception>
    public double[] Encode(IReadOnlyDictionary<string, ParameterValue> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var unit = new double[Width];
        int at = 0;
        foreach (Dimension dimension in Dimensions)
        {
            if (!values.TryGetValue(dimension.Name, out ParameterValue value))
            {
                throw new ArgumentException($"'{dimension.Name}' has no value.", nameof(values));
            }

            dimension.Encode(value, unit.AsSpan(at, dimension.Width));
            at += dimension.Width;
        }

        return unit;
    }

    /// <summary>The values nearest to coordinates, shape [D].</summary>
    public ImmutableDictionary<string, ParameterValue> Decode(double[] unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        if (unit.Length != Width)
        {
            throw new ArgumentException($"{unit.Length} coordinates were given; {Width} are wanted.", nameof(unit));
        }

        var values = ImmutableDictionary.CreateBuilder<string, ParameterValue>();
        int at = 0;
        foreach (Dimension dimension in Dimensions)
        {
            values[dimension.Name] = dimension.Decode(unit.AsSpan(at, dimension.Width));
            at += dimension.Width;
        }

        return values.ToImmutable();
    }

    /// <summary>
    /// The coordinates of the nearest point that has values: what a suggestion must be moved to before it is compared
    /// with what was tried.
    /// </summary>
    public double[] Snap(double[] unit) => Encode(Decode(unit));
}
