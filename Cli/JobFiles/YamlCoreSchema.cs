using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Orchestrator.Cli.JobFiles;

/// <summary>
/// What a plain scalar means in YAML 1.2 (core schema, YAML 1.2.2 §10.3.2). Not YAML 1.1: <c>no</c>, <c>on</c> and
/// <c>0x_1</c> are texts, <c>1e-4</c> is a number, <c>0o17</c> is 15, <c>017</c> is 17, <c>12:30</c> is a text.
/// </summary>
internal static partial class YamlCoreSchema
{
    /// <summary>The value of a plain scalar; null for YAML's null.</summary>
    /// <exception cref="FormatException">It is a number that JSON cannot hold; the message says what is allowed.</exception>
    public static JsonNode? Resolve(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => null,
        "true" or "True" or "TRUE" => JsonValue.Create(true),
        "false" or "False" or "FALSE" => JsonValue.Create(false),
        _ when Whole().IsMatch(text) => Number(BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)),
        _ when Octal().IsMatch(text) => Number(text[2..].Aggregate(BigInteger.Zero, (sum, digit) => (sum * 8) + (digit - '0'))),
        _ when Hexadecimal().IsMatch(text) => Number(BigInteger.Parse("0" + text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)),
        _ when Decimal().IsMatch(text) => Number(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture), text),
        _ when NotFinite().IsMatch(text) => throw new FormatException($"found {text}; a finite number is wanted"),
        _ => JsonValue.Create(text),
    };

    private static JsonValue Number(BigInteger value) => value >= long.MinValue && value <= long.MaxValue
        ? JsonValue.Create((long)value)
        : Number((double)value, value.ToString(CultureInfo.InvariantCulture));

    private static JsonValue Number(double value, string text) => double.IsFinite(value)
        ? JsonValue.Create(value)
        : throw new FormatException($"found {text}; a number between -1.8e308 and 1.8e308 is wanted");

    [GeneratedRegex(@"^[-+]?[0-9]+\z", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Whole();

    [GeneratedRegex(@"^0o[0-7]+\z", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Octal();

    [GeneratedRegex(@"^0x[0-9a-fA-F]+\z", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Hexadecimal();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Decimal();

    [GeneratedRegex(@"^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\z", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex NotFinite();
}
