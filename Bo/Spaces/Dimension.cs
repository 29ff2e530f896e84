using System.Collections.Immutable;

namespace Orchestrator.Bo.Spaces;

/// <summary>How a number is spread over [0, 1].</summary>
public enum Scale
{
    /// <summary>Evenly.</summary>
    Linear,

    /// <summary>Evenly in its logarithm: for rates and weights.</summary>
    Log,

    /// <summary>Evenly in the logarithm of its distance from (and beyond) the upper end: for 0.9, 0.99, 0.999.</summary>
    ReverseLog,
}

/// <summary>A quantity that is searched over: a named range and its coordinates in the unit cube.</summary>
/// <param name="Name">Unique within its space.</param>
public abstract record Dimension(string Name)
{
    /// <summary>How many coordinates of the unit cube it takes.</summary>
    public virtual int Width => 1;

    /// <summary>Writes the coordinates of <paramref name="value"/>.</summary>
    /// <exception cref="ArgumentException">The value is not of this dimension.</exception>
    public abstract void Encode(ParameterValue value, Span<double> unit);

    /// <summary>The value nearest to coordinates; those outside [0, 1] count as the nearest end.</summary>
    public abstract ParameterValue Decode(ReadOnlySpan<double> unit);

    private protected ArgumentException NotOf(ParameterValue value, string allowed) =>
        new($"'{Name}' cannot be {value}; {allowed} is wanted.", nameof(value));
}

/// <summary>A real number between two ends.</summary>
public sealed record DoubleDimension : Dimension
{
    private readonly ScaledRange _range;

    public DoubleDimension(string name, double min, double max, Scale scale = Scale.Linear)
        : base(name) => _range = new ScaledRange(name, min, max, scale);

    /// <inheritdoc/>
    public override void Encode(ParameterValue value, Span<double> unit) =>
        unit[0] = _range.TryEncode(value) ?? throw NotOf(value, $"a number from {_range.Min} to {_range.Max}");

    /// <inheritdoc/>
    public override ParameterValue Decode(ReadOnlySpan<double> unit) => _range.Decode(unit[0]);
}

/// <summary>A whole number between two ends, both included. On a log scale, 1 … 3 and 10 … 30 are equally wide.</summary>
public sealed record IntDimension : Dimension
{
    private readonly ScaledRange _range;

    public IntDimension(string name, long min, long max, Scale scale = Scale.Linear)
        : base(name) => _range = new ScaledRange(name, min, max, scale);

    /// <inheritdoc/>
    public override void Encode(ParameterValue value, Span<double> unit) =>
        unit[0] = value.Number is { } number && number == Math.Truncate(number) && _range.TryEncode(value) is { } at
            ? at
            : throw NotOf(value, $"a whole number from {_range.Min} to {_range.Max}");

    /// <inheritdoc/>
    public override ParameterValue Decode(ReadOnlySpan<double> unit) =>
        Math.Clamp(Math.Round(_range.Decode(unit[0]), MidpointRounding.AwayFromZero), _range.Min, _range.Max);
}

/// <summary>One of several numbers, in order; neighbours are near each other on the scale.</summary>
public sealed record DiscreteDimension : Dimension
{
    private readonly ImmutableArray<double> _values;
    private readonly ScaledRange _range;

    public DiscreteDimension(string name, IReadOnlyList<double> values, Scale scale = Scale.Linear)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(values);
        _values = [.. values.Distinct().Order()];
        if (_values.Length < 2)
        {
            throw new ArgumentException($"'{name}' needs at least two values.", nameof(values));
        }

        _range = new ScaledRange(name, _values[0], _values[^1], scale);
    }

    /// <inheritdoc/>
    public override void Encode(ParameterValue value, Span<double> unit) =>
        unit[0] = value.Number is { } number && _values.Contains(number)
            ? _range.TryEncode(value)!.Value
            : throw NotOf(value, $"one of {string.Join(", ", _values)}");

    /// <inheritdoc/>
    public override ParameterValue Decode(ReadOnlySpan<double> unit)
    {
        double at = Math.Clamp(unit[0], 0, 1);
        return _values.MinBy(value => Math.Abs(_range.TryEncode(value)!.Value - at));
    }
}

/// <summary>One of several names without order: a coordinate each, 1 for the name and 0 for the others.</summary>
public sealed record CategoricalDimension : Dimension
{
    private readonly ImmutableArray<string> _values;

    public CategoricalDimension(string name, IReadOnlyList<string> values)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(values);
        _values = [.. values];
        if (_values.Length < 2 || _values.Distinct().Count() != _values.Length)
        {
            throw new ArgumentException($"'{name}' needs at least two values, all different.", nameof(values));
        }
    }

    /// <inheritdoc/>
    public override int Width => _values.Length;

    /// <inheritdoc/>
    public override void Encode(ParameterValue value, Span<double> unit)
    {
        int at = value.Text is { } text ? _values.IndexOf(text) : -1;
        if (at < 0)
        {
            throw NotOf(value, $"one of {string.Join(", ", _values)}");
        }

        unit[..Width].Clear();
        unit[at] = 1;
    }

    /// <inheritdoc/>
    public override ParameterValue Decode(ReadOnlySpan<double> unit)
    {
        int best = 0;
        for (int i = 1; i < Width; i++)
        {
            best = unit[i] > unit[best] ? i : best;
        }

        return _values[best];
    }
}
