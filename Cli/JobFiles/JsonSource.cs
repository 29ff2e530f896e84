using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Cli.JobFiles;

/// <summary>Reads a JSON file, noting where everything stands.</summary>
internal static class JsonSource
{
    /// <summary>The document; what is wrong with it is added to <paramref name="problems"/>.</summary>
    public static JsonNode? Read(string file, byte[] utf8, SourceMap map, List<FileProblem> problems)
    {
        try
        {
            var reader = new Utf8JsonReader(utf8);
            reader.Read();
            var lines = new LineIndex(utf8);
            JsonNode? root = ReadValue(ref reader, "", null, lines, file, map, problems);
            reader.Read();
            return root;
        }
        catch (JsonException broken)
        {
            string reason = broken.Message.Split(" LineNumber:")[0].TrimEnd('.', ' ');
            problems.Add(new FileProblem(file, (int)(broken.LineNumber ?? 0) + 1, "", $"not JSON: {reason}"));
            return null;
        }
    }

    private static JsonNode? ReadValue(
        ref Utf8JsonReader reader,
        string pointer,
        SourcePosition? key,
        LineIndex lines,
        string file,
        SourceMap map,
        List<FileProblem> problems)
    {
        SourcePosition here = lines.At(reader.TokenStartIndex);
        map.Add(pointer, key ?? here, here);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var members = new JsonObject();
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    SourcePosition at = lines.At(reader.TokenStartIndex);
                    string name = reader.GetString()!;
                    string below = SourceMap.Below(pointer, name);
                    bool twice = members.ContainsKey(name);
                    if (twice)
                    {
                        int first = map.Find(below, onKey: true).Line;
                        problems.Add(new FileProblem(file, at.Line, SourceMap.Readable(below), $"'{name}' is given twice, first in line {first}; once is wanted"));
                    }

                    reader.Read();
                    JsonNode? value = ReadValue(ref reader, below, at, lines, file, map, problems);
                    if (!twice)
                    {
                        members[name] = value;
                    }
                }

                return members;
            case JsonTokenType.StartArray:
                var items = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(ReadValue(ref reader, SourceMap.Below(pointer, items.Count.ToString()), null, lines, file, map, problems));
                }

                return items;
            default:
                return JsonNode.Parse(ref reader);
        }
    }

    /// <summary>Line and column of a byte.</summary>
    private sealed class LineIndex
    {
        private readonly byte[] _utf8;
        private readonly List<int> _starts = [0];

        public LineIndex(byte[] utf8)
        {
            _utf8 = utf8;
            for (int i = 0; i < utf8.Length; i++)
            {
                if (utf8[i] == (byte)'\n')
                {
                    _starts.Add(i + 1);
                }
            }
        }

        public SourcePosition At(long offset)
        {
            int found = _starts.BinarySearch((int)offset);
            int line = found >= 0 ? found : ~found - 1;
            return new SourcePosition(line + 1, Encoding.UTF8.GetCharCount(_utf8, _starts[line], (int)offset - _starts[line]) + 1);
        }
    }
}
