using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Contracts.Leases;

/// <summary>
/// One text for equal JSON values: members sorted by ordinal name, no white space, absent instead of null members,
/// whole numbers without a point, other numbers as shortest round-trip doubles.
/// </summary>
public static class CanonicalJson
{
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The canonical UTF-8 text of <paramref name="value"/>.</summary>
    public static byte[] Write(JsonNode? value)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Compact))
        {
            Write(writer, value);
        }

        return stream.ToArray();
    }

    /// <summary>The canonical text of <paramref name="value"/>.</summary>
    public static string WriteText(JsonNode? value) => Encoding.UTF8.GetString(Write(value));

    private static void Write(Utf8JsonWriter writer, JsonNode? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case JsonObject members:
                writer.WriteStartObject();
                foreach ((string name, JsonNode? member) in members.OrderBy(m => m.Key, StringComparer.Ordinal))
                {
                    if (member is not null)
                    {
                        writer.WritePropertyName(name);
                        Write(writer, member);
                    }
                }

                writer.WriteEndObject();
                break;
            case JsonArray items:
                writer.WriteStartArray();
                foreach (JsonNode? item in items)
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                WriteScalar(writer, value);
                break;
        }
    }

    private static void WriteScalar(Utf8JsonWriter writer, JsonNode value)
    {
        if (value.GetValueKind() != JsonValueKind.Number)
        {
            value.WriteTo(writer);
            return;
        }

        string text = value.ToJsonString();
        if (long.TryParse(text, out long whole))
        {
            writer.WriteNumberValue(whole);
            return;
        }

        double number = double.Parse(text);
        if (number == Math.Truncate(number) && Math.Abs(number) < 1L << 53)
        {
            writer.WriteNumberValue((long)number);
        }
        else
        {
            writer.WriteNumberValue(number);
        }
    }
}
