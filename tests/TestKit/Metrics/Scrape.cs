using System.Globalization;

namespace Orchestrator.TestKit.Metrics;

/// <summary>What /metrics said.</summary>
public sealed class Scrape
{
    private readonly Dictionary<string, double> _values;

    private Scrape(Dictionary<string, double> values) => _values = values;

    /// <summary>The value of a series without labels, or with one.</summary>
    public double this[string name, string? label = null, string? value = null] =>
        _values.TryGetValue(Key(name, label, value), out double found)
            ? found
            : throw new KeyNotFoundException($"/metrics has no {Key(name, label, value)}");

    /// <summary>Reads the text form of Prometheus.</summary>
    public static Scrape Read(string text) => new((text ?? throw new ArgumentNullException(nameof(text))).Split('\n')
        .Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => (Line: line, Space: line.LastIndexOf(' ')))
        .ToDictionary(at => at.Line[..at.Space], at => double.Parse(at.Line[(at.Space + 1)..], CultureInfo.InvariantCulture)));

    /// <summary>Whether there is such a series.</summary>
    public bool Has(string name, string label, string value) => _values.ContainsKey(Key(name, label, value));

    /// <inheritdoc/>
    public override string ToString() => string.Join('\n', _values.Where(pair => pair.Key.StartsWith("orchestrator_", StringComparison.Ordinal)));

    private static string Key(string name, string? label, string? value) => label is null ? name : $"{name}{{{label}=\"{value}\"}}";
}
