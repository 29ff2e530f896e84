using System.Text.Json;

namespace Orchestrator.Contracts.Jobs;

/// <summary>
/// Reads one JSON object of a job file key by key, collecting everything that is wrong instead of stopping at the
/// first; keys nobody asked for are refused by <see cref="Done"/>.
/// </summary>
internal sealed class SpecCursor
{
    private readonly List<SpecProblem> _problems;
    private readonly Dictionary<string, JsonElement> _members = [];
    private readonly HashSet<string> _asked = [];

    public SpecCursor(JsonElement element, string pointer, List<SpecProblem> problems)
    {
        Pointer = pointer;
        _problems = problems;
        foreach (JsonProperty member in element.EnumerateObject())
        {
            if (!_members.TryAdd(member.Name, member.Value))
            {
                problems.Add(new SpecProblem(At(member.Name), $"'{member.Name}' is given twice; once is wanted", OnKey: true));
            }
        }
    }

    /// <summary>JSON pointer to the object.</summary>
    public string Pointer { get; }

    /// <summary>Everything found to be wrong so far, in the whole file.</summary>
    public List<SpecProblem> Problems => _problems;

    public static string Escape(string key) => key.Replace("~", "~0").Replace("/", "~1");

    /// <summary>The value as a message shows it.</summary>
    public static string Describe(JsonElement value)
    {
        string text = value.ValueKind switch
        {
            JsonValueKind.Object => "a mapping",
            JsonValueKind.Array => "a list",
            JsonValueKind.Null => "nothing",
            _ => value.GetRawText(),
        };
        return text.Length <= 60 ? text : text[..57] + "...";
    }

    public string At(string key) => $"{Pointer}/{Escape(key)}";

    public void Refuse(string key, string message) => _problems.Add(new SpecProblem(At(key), message));

    public void RefuseHere(string message) => _problems.Add(new SpecProblem(Pointer, message));

    /// <summary>Whether the key has a value; null, as an empty value in YAML, is none.</summary>
    public bool Has(string key) => _members.TryGetValue(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>The value, whatever its kind; null when it is absent or null. Every reader below comes through here.</summary>
    public JsonElement? Raw(string key)
    {
        _asked.Add(key);
        return _members.TryGetValue(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    public SpecCursor? Object(string key)
    {
        if (Raw(key) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            return new SpecCursor(value, At(key), _problems);
        }

        Refuse(key, $"found {Describe(value)}; a mapping is wanted");
        return null;
    }

    public string? Text(string key, params ReadOnlySpan<string> allowed)
    {
        if (Raw(key) is not { } value)
        {
            return null;
        }

        string? text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        if (string.IsNullOrWhiteSpace(text) || (allowed.Length > 0 && !allowed.Contains(text)))
        {
            string wanted = allowed.Length > 0 ? "one of " + string.Join(", ", allowed.ToArray()) : "a text";
            Refuse(key, $"found {Describe(value)}; {wanted} is wanted");
            return null;
        }

        return text;
    }

    public double? Number(string key, double min = double.NegativeInfinity, double max = double.PositiveInfinity, bool minExclusive = false)
    {
        if (Raw(key) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number) || !double.IsFinite(number)
            || number > max || number < min || (minExclusive && number <= min))
        {
            Refuse(key, $"found {Describe(value)}; a number{Range(min, max, minExclusive)} is wanted");
            return null;
        }

        return number;
    }

    public long? Whole(string key, long min, long max = 1L << 53)
    {
        if (Raw(key) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number)
            || number != Math.Truncate(number) || number < min || number > max)
        {
            Refuse(key, $"found {Describe(value)}; a whole number{Range(min, max == 1L << 53 ? double.PositiveInfinity : max, false)} is wanted");
            return null;
        }

        return (long)number;
    }

    public bool? Truth(string key)
    {
        if (Raw(key) is not { } value)
        {
            return null;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Refuse(key, $"found {Describe(value)}; true or false is wanted");
        return null;
    }

    public IReadOnlyList<string>? Texts(string key)
    {
        if (Raw(key) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0
            && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String && item.GetString()!.Length > 0))
        {
            return [.. value.EnumerateArray().Select(item => item.GetString()!)];
        }

        Refuse(key, $"found {Describe(value)}; a list of texts is wanted");
        return null;
    }

    /// <summary>Refuses a key that the format names but this version does not have.</summary>
    public void NotYet(string key, string instead)
    {
        _asked.Add(key);
        if (Has(key))
        {
            _problems.Add(new SpecProblem(At(key), $"'{key}' is not available yet; {instead}", OnKey: true));
        }
    }

    /// <summary>Lets keys pass that cannot be judged because the key that says what they mean is wrong itself.</summary>
    public void Forgive(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
        {
            _asked.Add(key);
        }
    }

    /// <summary>Refuses what nobody asked for, naming the nearest known key.</summary>
    public void Done()
    {
        foreach (string key in _members.Keys.Where(key => !_asked.Contains(key)))
        {
            string? near = _asked.Select(known => (known, distance: Distance(key.ToUpperInvariant(), known.ToUpperInvariant())))
                .Where(pair => pair.distance <= Math.Max(key.Length > 3 ? 2 : 1, key.Length / 3))
                .OrderBy(pair => pair.distance).ThenBy(pair => pair.known, StringComparer.Ordinal)
                .Select(pair => pair.known).FirstOrDefault();
            string hint = near is null ? "" : $" (did you mean '{near}'?)";
            string known = string.Join(", ", _asked.Order(StringComparer.Ordinal));
            _problems.Add(new SpecProblem(At(key), $"unknown key '{key}'{hint}; known here: {known}", OnKey: true));
        }
    }

    private static string Range(double min, double max, bool minExclusive) => (min, max) switch
    {
        (double.NegativeInfinity, double.PositiveInfinity) => "",
        (_, double.PositiveInfinity) => minExclusive ? $" above {min}" : $" of at least {min}",
        (double.NegativeInfinity, _) => $" of at most {max}",
        _ => minExclusive ? $" above {min} and at most {max}" : $" from {min} to {max}",
    };

    /// <summary>Levenshtein distance.</summary>
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
