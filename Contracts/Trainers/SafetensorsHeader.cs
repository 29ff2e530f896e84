using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Orchestrator.Contracts.Trainers;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="DType">Its element type, such as <c>F32</c>.</param>
/// <param name="Shape">Its extents; empty for a scalar.</param>
/// <param name="Offset">First byte, counted from the end of the header.</param>
/// <param name="Length">Bytes.</param>
public sealed record SafetensorsEntry(string Name, string DType, IReadOnlyList<long> Shape, long Offset, long Length);

/// <summary>
/// The header of a safetensors file: eight bytes of length (little endian), JSON of tensors and string metadata, padded
/// with spaces to a multiple of eight; then the tensors' bytes, row-major, little endian, without gaps, sorted by name.
/// Source: the format's description at github.com/huggingface/safetensors.
/// </summary>
public sealed class SafetensorsHeader
{
    /// <summary>The longest header the format allows, in bytes.</summary>
    public const int MaxHeaderBytes = 100_000_000;

    private SafetensorsHeader(
        IReadOnlyList<SafetensorsEntry> tensors, IReadOnlyDictionary<string, string> metadata, long dataOffset)
    {
        Tensors = tensors;
        Metadata = metadata;
        DataOffset = dataOffset;
    }

    /// <summary>The tensors, in order of their bytes.</summary>
    public IReadOnlyList<SafetensorsEntry> Tensors { get; }

    /// <summary>The metadata.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Where the tensors' bytes begin in the file.</summary>
    public long DataOffset { get; }

    /// <summary>Length of the whole file.</summary>
    public long FileLength => DataOffset + (Tensors.Count == 0 ? 0 : Tensors[^1].Offset + Tensors[^1].Length);

    /// <summary>Lays out a file: tensors sorted by name (ordinal), metadata by key.</summary>
    /// <param name="tensors">Name, element type and shape of each tensor; names are distinct.</param>
    /// <param name="metadata">String metadata.</param>
    public static SafetensorsHeader Create(
        IEnumerable<(string Name, string DType, IReadOnlyList<long> Shape)> tensors,
        IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        ArgumentNullException.ThrowIfNull(metadata);
        var entries = new List<SafetensorsEntry>();
        long offset = 0;
        foreach (var (name, dtype, shape) in tensors.OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            var length = shape.Aggregate((long)ElementBytes(dtype), (a, b) => checked(a * b));
            entries.Add(new(name, dtype, shape, offset, length));
            offset += length;
        }

        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in metadata)
        {
            sorted.Add(key, value);
        }

        var header = new SafetensorsHeader(entries, sorted, 0);
        return new(entries, sorted, header.ToBytes().Length);
    }

    /// <summary>Reads the header at the beginning of a file.</summary>
    /// <param name="stream">Positioned at the file's first byte; left at the first tensor's.</param>
    /// <param name="fileLength">Length of the whole file, to judge the header's claims by.</param>
    /// <exception cref="FormatException">It is no safetensors file, or it is truncated.</exception>
    public static SafetensorsHeader Read(Stream stream, long fileLength)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Span<byte> prefix = stackalloc byte[8];
        if (stream.ReadAtLeast(prefix, 8, throwOnEndOfStream: false) < 8)
        {
            throw new FormatException("no safetensors file: it is shorter than 8 bytes");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaxHeaderBytes || (long)length > fileLength - 8)
        {
            throw new FormatException($"no safetensors file: a header of {length} bytes in a file of {fileLength}");
        }

        var json = new byte[length];
        stream.ReadExactly(json);
        var header = Parse(json, 8 + (long)length);
        return header.FileLength == fileLength
            ? header
            : throw new FormatException($"the header speaks of {header.FileLength} bytes, the file has {fileLength}");
    }

    /// <summary>Reads the header at the beginning of a file that is in memory.</summary>
    /// <exception cref="FormatException">It is no safetensors file, or it is truncated.</exception>
    public static SafetensorsHeader Read(ArraySegment<byte> file)
    {
        using var stream = new MemoryStream(file.Array!, file.Offset, file.Count, writable: false);
        return Read(stream, file.Count);
    }

    /// <summary>The header's bytes, with length and padding.</summary>
    public byte[] ToBytes()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (Metadata.Count > 0)
            {
                json.WriteStartObject("__metadata__"u8);
                foreach (var (key, value) in Metadata)
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            foreach (var tensor in Tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype"u8, tensor.DType);
                json.WriteStartArray("shape"u8);
                foreach (var extent in tensor.Shape)
                {
                    json.WriteNumberValue(extent);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets"u8);
                json.WriteNumberValue(tensor.Offset);
                json.WriteNumberValue(tensor.Offset + tensor.Length);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        var padded = (buffer.WrittenCount + 7) / 8 * 8;
        var bytes = new byte[8 + padded];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)padded);
        buffer.WrittenSpan.CopyTo(bytes.AsSpan(8));
        bytes.AsSpan(8 + buffer.WrittenCount).Fill((byte)' ');
        return bytes;
    }

    /// <summary>Bytes of one element.</summary>
    /// <exception cref="FormatException">The type is none of the format's.</exception>
    public static int ElementBytes(string dtype) => dtype switch
    {
        "BOOL" or "U8" or "I8" => 1,
        "U16" or "I16" or "F16" or "BF16" => 2,
        "U32" or "I32" or "F32" => 4,
        "U64" or "I64" or "F64" => 8,
        _ => throw new FormatException($"unknown element type `{dtype}`"),
    };

    private static SafetensorsHeader Parse(byte[] json, long dataOffset)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var metadata = new SortedDictionary<string, string>(StringComparer.Ordinal);
            var tensors = new List<SafetensorsEntry>();
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.NameEquals("__metadata__"))
                {
                    foreach (var entry in property.Value.EnumerateObject())
                    {
                        metadata.Add(entry.Name, entry.Value.GetString() ?? "");
                    }
                }
                else
                {
                    tensors.Add(ParseTensor(property.Name, property.Value));
                }
            }

            tensors.Sort((a, b) => a.Offset.CompareTo(b.Offset));
            long end = 0;
            foreach (var tensor in tensors)
            {
                if (tensor.Offset != end)
                {
                    throw new FormatException($"tensor `{tensor.Name}` begins at byte {tensor.Offset}, expected at {end}");
                }

                end += tensor.Length;
            }

            return new(tensors, metadata, dataOffset);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException
            or ArgumentException or OverflowException)
        {
            throw new FormatException($"no safetensors file: its header cannot be read ({e.Message})", e);
        }
    }

    private static SafetensorsEntry ParseTensor(string name, JsonElement value)
    {
        var dtype = value.GetProperty("dtype").GetString() ?? "";
        long[] shape = [.. value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64())];
        var offsets = value.GetProperty("data_offsets");
        var (begin, end) = (offsets[0].GetInt64(), offsets[1].GetInt64());
        var length = shape.Aggregate((long)ElementBytes(dtype), (a, b) => checked(a * b));
        return shape.All(extent => extent >= 0) && begin >= 0 && end - begin == length
            ? new(name, dtype, shape, begin, length)
            : throw new FormatException($"tensor `{name}`: bytes {begin} to {end} do not fit its shape");
    }
}
