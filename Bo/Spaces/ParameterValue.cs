using System.Globalization;

namespace Orchestrator.Bo.Spaces;

/// <summary>A number or a name. The default is neither and belongs to no dimension.</summary>
public readonly record struct ParameterValue
{
    private ParameterValue(double? number, string? text) => (Number, Text) = (number, text);

    /// <summary>The number; null if it is a name.</summary>
    public double? Number { get; }

    /// <summary>The name; null if it is a number.</summary>
    public string? Text { get; }

    public static implicit operator ParameterValue(double number) => FromDouble(number);

    public static implicit operator ParameterValue(string text) => FromString(text);

    public static ParameterValue FromDouble(double number) => new(number, null);

    public static ParameterValue FromString(string text) => new(null, text);

    /// <inheritdoc/>
    public override string ToString() => Text ?? Number?.ToString(CultureInfo.InvariantCulture) ?? "nothing";
}
