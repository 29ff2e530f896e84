using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orchestrator.Contracts.Trainers;

/// <summary>
/// The trainer protocol: JSON objects, one a line, on a trainer's standard streams. Unknown fields are ignored, absent
/// and null are the same.
/// </summary>
public static class TrainerProtocol
{
    /// <summary>The version spoken here.</summary>
    public const int Version = 1;

    /// <summary>Longest line, in bytes of UTF-8, without its line feed.</summary>
    public const int MaxLineBytes = 1 << 20;

    /// <summary>Longest silence of a busy trainer that is asked for by default, in seconds.</summary>
    public const double DefaultProgressSeconds = 5;

    /// <summary>A request as one line, without a line feed.</summary>
    /// <exception cref="TrainerProtocolException">The line would be longer than <see cref="MaxLineBytes"/>.</exception>
    public static byte[] WriteLine(TrainerRequest request) =>
        Checked(JsonSerializer.SerializeToUtf8Bytes(request, TrainerJson.Options));

    /// <summary>A reply as one line, without a line feed.</summary>
    /// <exception cref="TrainerProtocolException">The line would be longer than <see cref="MaxLineBytes"/>.</exception>
    public static byte[] WriteLine(TrainerReply reply) =>
        Checked(JsonSerializer.SerializeToUtf8Bytes(reply, TrainerJson.Options));

    /// <summary>Reads a line of a trainer's standard input.</summary>
    /// <exception cref="TrainerProtocolException">
    /// It is not a request. Answer <see cref="FailureKind.BadInput"/> with <see cref="TrainerProtocolException.Id"/>.
    /// </exception>
    public static TrainerRequest ReadRequest(ReadOnlySpan<byte> line)
    {
        var head = LineHead.Read(line);
        if (head.Type is null)
        {
            throw new TrainerProtocolException(head.Id, "a request is a JSON object with a string `type`");
        }

        if (!RequestTypes.Contains(head.Type))
        {
            throw new TrainerProtocolException(
                head.Id, $"unknown request `{head.Type}`; there are {string.Join(", ", RequestTypes.Order())}");
        }

        try
        {
            return JsonSerializer.Deserialize<TrainerRequest>(line, TrainerJson.Options)!;
        }
        catch (JsonException e)
        {
            throw new TrainerProtocolException(head.Id, $"`{head.Type}` cannot be read: {e.Message}", e);
        }
    }

    /// <summary>
    /// Reads a line of a trainer's standard output. Null: the line is log, which is all that is no JSON object with a
    /// known <c>type</c>.
    /// </summary>
    /// <exception cref="TrainerProtocolException">It claims to be a reply and is malformed, or it is too long.</exception>
    public static TrainerReply? ReadReply(ReadOnlySpan<byte> line)
    {
        var head = LineHead.Read(line);
        if (head.Type is null || !ReplyTypes.Contains(head.Type))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<TrainerReply>(line, TrainerJson.Options);
        }
        catch (JsonException e)
        {
            throw new TrainerProtocolException(head.Id, $"`{head.Type}` cannot be read: {e.Message}", e);
        }
    }

    private static readonly SearchSet RequestTypes = ["open", "train", "merge", "stop", "close"];

    private static readonly SearchSet ReplyTypes = ["ready", "progress", "done", "failed", "description"];

    private static byte[] Checked(byte[] line) => line.Length <= MaxLineBytes
        ? line
        : throw new TrainerProtocolException(null, $"a message of {line.Length} bytes; a line holds {MaxLineBytes}");

    private sealed class SearchSet() : HashSet<string>(StringComparer.Ordinal);

    /// <summary>The two fields by which a line is judged before it is read: its type, and its id for the answer.</summary>
    private readonly record struct LineHead(string? Type, long? Id)
    {
        internal static LineHead Read(ReadOnlySpan<byte> line)
        {
            if (line.Length > MaxLineBytes)
            {
                throw new TrainerProtocolException(null, $"a line of {line.Length} bytes; at most {MaxLineBytes} are read");
            }

            string? type = null;
            long? id = null;
            try
            {
                var reader = new Utf8JsonReader(line);
                if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                {
                    return default;
                }

                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    var isType = reader.ValueTextEquals("type"u8);
                    var isId = reader.ValueTextEquals("id"u8);
                    reader.Read();
                    if (isType && reader.TokenType == JsonTokenType.String)
                    {
                        type = reader.GetString();
                    }
                    else if (isId && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value))
                    {
                        id = value;
                    }

                    reader.Skip();
                }

                // A line with something after its object is garbage as a whole.
                return !reader.Read() ? new(type, id) : default;
            }
            catch (JsonException)
            {
                return default;
            }
        }
    }
}

/// <summary>A line broke the trainer protocol. An agent ends the trainer; a trainer answers <c>bad_input</c>.</summary>
public sealed class TrainerProtocolException : Exception
{
    public TrainerProtocolException(long? id, string message, Exception? inner = null)
        : base(message, inner) => Id = id;

    /// <summary>The line's <c>id</c>, where it could be read.</summary>
    public long? Id { get; }
}

/// <summary>
/// How messages are written. By reflection: source-generated readers forget the defaults of init-only properties that
/// a message leaves out.
/// </summary>
public static class TrainerJson
{
    /// <summary>camelCase, absent instead of null, `type` anywhere in the object.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            AllowOutOfOrderMetadataProperties = true,
            RespectNullableAnnotations = true,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        options.Converters.Add(new FiniteNumberConverter());
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}

/// <summary>Writes an enumeration as <c>snake_case</c> strings; numbers are refused.</summary>
public sealed class SnakeCaseEnumConverter<TEnum>()
    : JsonStringEnumConverter<TEnum>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where TEnum : struct, Enum;
