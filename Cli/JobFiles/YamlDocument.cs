using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Orchestrator.Cli.JobFiles;

/// <summary>
/// Reads one YAML 1.2 document into JSON, noting where everything stands. YamlDotNet parses; what scalars mean is
/// <see cref="YamlCoreSchema"/>. Refused: duplicate keys, keys that are no scalars, foreign tags, a second document.
/// </summary>
internal sealed class YamlDocument
{
    /// <summary>Bounds what aliases of aliases may unfold to.</summary>
    private const int MaxNodes = 100_000;

    private const int MaxDepth = 60;

    private readonly Parser _parser;
    private readonly SourceMap _map;
    private readonly string _file;
    private readonly List<FileProblem> _problems;
    private readonly Dictionary<AnchorName, JsonNode?> _anchors = [];
    private int _nodes;

    private YamlDocument(string file, string text, SourceMap map, List<FileProblem> problems)
    {
        _file = file;
        _parser = new Parser(new StringReader(text));
        _map = map;
        _problems = problems;
    }

    /// <summary>The document as JSON; what is wrong with it is added to <paramref name="problems"/>.</summary>
    public static JsonNode? Read(string file, string text, SourceMap map, List<FileProblem> problems)
    {
        var document = new YamlDocument(file, text, map, problems);
        try
        {
            return document.ReadStream();
        }
        catch (YamlException broken)
        {
            problems.Add(new FileProblem(file, (int)Math.Max(1, broken.Start.Line), "", $"not YAML: {Reason(broken)}"));
            return null;
        }
    }

    private static string Reason(YamlException broken)
    {
        // YamlDotNet puts "(Line: 1, Col: 2, Idx: 3) - (…): " before some of its messages; the line is ours to say.
        string message = broken.Message;
        int end = message.StartsWith('(') ? message.IndexOf("): ", StringComparison.Ordinal) : -1;
        return (end < 0 ? message : message[(end + 3)..]).TrimEnd('.');
    }

    private static SourcePosition At(ParsingEvent part) => new((int)part.Start.Line, (int)part.Start.Column);

    private JsonNode? ReadStream()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
        {
            _problems.Add(new FileProblem(_file, 1, "", "the file is empty; a job file is wanted (see 'orchestrator schema')"));
            return null;
        }

        _parser.Consume<DocumentStart>();
        JsonNode? root = ReadNode("", null, 0);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out DocumentStart? second))
        {
            _problems.Add(new FileProblem(_file, (int)second.Start.Line, "", "a second document begins; one job a file is wanted"));
        }

        return root;
    }

    private JsonNode? ReadNode(string pointer, SourcePosition? key, int depth)
    {
        ParsingEvent part = _parser.Consume<ParsingEvent>();
        _map.Add(pointer, key ?? At(part), At(part));
        if (++_nodes > MaxNodes || depth > MaxDepth)
        {
            throw new YamlException(part.Start, part.End, $"more than {MaxNodes} values or {MaxDepth} levels");
        }

        JsonNode? value = part switch
        {
            Scalar scalar => ReadScalar(scalar, pointer),
            MappingStart => ReadMapping(pointer, depth),
            SequenceStart => ReadSequence(pointer, depth),
            AnchorAlias alias => Repeat(alias),
            _ => throw new YamlException(part.Start, part.End, "a value is wanted"),
        };
        if (part is NodeEvent { Anchor.IsEmpty: false } anchored)
        {
            _anchors[anchored.Anchor] = value;
        }

        return value;
    }

    private JsonNode? Repeat(AnchorAlias alias)
    {
        if (!_anchors.TryGetValue(alias.Value, out JsonNode? value))
        {
            throw new YamlException(alias.Start, alias.End, $"the anchor '&{alias.Value}' is not defined above its use");
        }

        _nodes += Count(value);
        if (_nodes > MaxNodes)
        {
            throw new YamlException(alias.Start, alias.End, $"more than {MaxNodes} values");
        }

        return value?.DeepClone();
    }

    private static int Count(JsonNode? value) => value switch
    {
        JsonObject members => 1 + members.Sum(member => Count(member.Value)),
        JsonArray items => 1 + items.Sum(Count),
        _ => 1,
    };

    private JsonObject ReadMapping(string pointer, int depth)
    {
        var members = new JsonObject();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            ParsingEvent found = _parser.Consume<ParsingEvent>();
            if (found is not Scalar key)
            {
                throw new YamlException(found.Start, found.End, "a key must be a text, not a list, a mapping or an alias");
            }

            string at = SourceMap.Below(pointer, key.Value);
            if (members.ContainsKey(key.Value))
            {
                int first = _map.Find(at, onKey: true).Line;
                _problems.Add(new FileProblem(_file, At(key).Line, SourceMap.Readable(at), $"'{key.Value}' is given twice, first in line {first}; once is wanted"));
                ReadNode(at, At(key), depth + 1);
                continue;
            }

            members[key.Value] = ReadNode(at, At(key), depth + 1);
        }

        return members;
    }

    private JsonArray ReadSequence(string pointer, int depth)
    {
        var items = new JsonArray();
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(ReadNode(SourceMap.Below(pointer, items.Count.ToString()), null, depth + 1));
        }

        return items;
    }

    private JsonNode? ReadScalar(Scalar scalar, string pointer)
    {
        try
        {
            return scalar.Tag.IsEmpty
                ? scalar.Style == ScalarStyle.Plain ? YamlCoreSchema.Resolve(scalar.Value) : JsonValue.Create(scalar.Value)
                : Tagged(scalar);
        }
        catch (FormatException refused)
        {
            _problems.Add(new FileProblem(_file, At(scalar).Line, SourceMap.Readable(pointer), refused.Message));
            return null;
        }
    }

    private static JsonValue? Tagged(Scalar scalar)
    {
        if (scalar.Tag.IsNonSpecific)
        {
            return JsonValue.Create(scalar.Value);
        }

        string tag = scalar.Tag.Value.Replace("tag:yaml.org,2002:", "!!");
        var plain = (JsonValue?)YamlCoreSchema.Resolve(scalar.Value);
        return (tag, plain) switch
        {
            ("!!str", _) => JsonValue.Create(scalar.Value),
            ("!!null", null) => null,
            ("!!bool", { } v) when v.TryGetValue<bool>(out _) => v,
            ("!!int", { } v) when v.TryGetValue<long>(out _) => v,
            ("!!float", { } v) when v.GetValueKind() == System.Text.Json.JsonValueKind.Number => v,
            _ => throw new FormatException($"found {tag} {scalar.Value}; a plain value, or !!str, !!int, !!float, !!bool or !!null that fits, is wanted"),
        };
    }
}
