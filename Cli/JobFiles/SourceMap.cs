namespace Orchestrator.Cli.JobFiles;

/// <summary>Where each value of a document, and the key before it, stands: by JSON pointer (RFC 6901).</summary>
internal sealed class SourceMap
{
    private readonly Dictionary<string, (SourcePosition Key, SourcePosition Value)> _places = [];

    /// <summary>Pointer of a member or an item below <paramref name="parent"/>.</summary>
    public static string Below(string parent, string key) => $"{parent}/{key.Replace("~", "~0").Replace("/", "~1")}";

    /// <summary>A pointer as people write it: <c>/schedule/range/min</c> is <c>schedule.range.min</c>, the root is <c>job</c>.</summary>
    public static string Readable(string pointer)
    {
        if (pointer.Length == 0)
        {
            return "job";
        }

        var text = new System.Text.StringBuilder();
        foreach (string part in pointer[1..].Split('/'))
        {
            string key = part.Replace("~1", "/").Replace("~0", "~");
            if (key.Length > 0 && key.All(char.IsAsciiDigit))
            {
                text.Append('[').Append(key).Append(']');
            }
            else
            {
                text.Append(text.Length > 0 ? "." : "").Append(key);
            }
        }

        return text.ToString();
    }

    /// <summary>Records a value; the key of an item or of the root is the value itself. The first place of a pointer stays.</summary>
    public void Add(string pointer, SourcePosition key, SourcePosition value) => _places.TryAdd(pointer, (key, value));

    /// <summary>
    /// The place of a value, or of its key; where the document has no such value, that of the nearest one around it.
    /// </summary>
    public SourcePosition Find(string pointer, bool onKey)
    {
        for (string at = pointer; ; at = at[..at.LastIndexOf('/')])
        {
            if (_places.TryGetValue(at, out (SourcePosition Key, SourcePosition Value) place))
            {
                // A mapping or list that lacks something is best shown where its key is, not at its first member.
                return onKey || at.Length < pointer.Length ? place.Key : place.Value;
            }

            if (at.Length == 0)
            {
                return new SourcePosition(1, 1);
            }
        }
    }
}
