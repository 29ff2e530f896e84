using System.Buffers.Binary;
using System.Text;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Contracts.Tests.Trainers;

public sealed class SafetensorsHeaderTests
{
    private const string GoldenJson =
        """{"__metadata__":{"format":"orchestrator.checkpoint/1","optimizer":"sgd","step":"7","workload":"w"},"model.b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"optimizer.b.momentum_buffer":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""";

    [Fact]
    public void A_checkpoint_header_has_these_bytes()
    {
        var header = SafetensorsHeader.Create(
            [("optimizer.b.momentum_buffer", "F32", [2]), ("model.b", "F32", [2])],
            CheckpointFormat.Metadata("w", "sgd", 7));
        var bytes = header.ToBytes();
        Assert.Equal(0, bytes.Length % 8);
        Assert.Equal(bytes.Length - 8, (long)BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        Assert.Equal(GoldenJson, Encoding.UTF8.GetString(bytes.AsSpan(8)).TrimEnd(' '));
        Assert.Equal(bytes.Length, header.DataOffset);
        Assert.Equal(bytes.Length + 16, header.FileLength);
    }

    [Fact]
    public void What_was_laid_out_is_read_back()
    {
        var header = SafetensorsHeader.Create([("x", "F64", []), ("a", "I64", [3, 2])], new Dictionary<string, string>());
        var read = SafetensorsHeader.Read((byte[])[.. header.ToBytes(), .. new byte[56]]);
        Assert.Equal(["a", "x"], read.Tensors.Select(t => t.Name));
        Assert.Equal([0L, 48], read.Tensors.Select(t => t.Offset));
        Assert.Equal([3L, 2], read.Tensors[0].Shape);
        Assert.Empty(read.Metadata);
    }

    [Fact]
    public void A_truncated_file_is_refused()
    {
        byte[] file = [.. SafetensorsHeader.Create([("x", "F32", [4])], new Dictionary<string, string>()).ToBytes(), .. new byte[16]];
        for (var length = 0; length < file.Length; length++)
        {
            Assert.Throws<FormatException>(() => SafetensorsHeader.Read(file[..length]));
        }
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}""")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}""")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,-4]}}""")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""")]
    [InlineData("""{"x":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,4]}}""")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1]}}""")]
    [InlineData("""{"x":7}""")]
    [InlineData("not json")]
    public void A_header_that_does_not_add_up_is_refused(string json)
    {
        var prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)json.Length);
        Assert.Throws<FormatException>(() => SafetensorsHeader.Read((byte[])[.. prefix, .. Encoding.UTF8.GetBytes(json), .. new byte[8]]));
    }

    [Fact]
    public void A_model_is_exported_with_plain_names()
    {
        var header = SafetensorsHeader.Create(
            [("model.w", "F32", [2]), ("optimizer.w.momentum_buffer", "F32", [2])], CheckpointFormat.Metadata("w", "sgd", 7));
        using var checkpoint = new MemoryStream([.. header.ToBytes(), 1, 2, 3, 4, 5, 6, 7, 8, .. new byte[8]]);
        using var model = new MemoryStream();
        ModelExport.Write(checkpoint, model, new Dictionary<string, string> { ["job"] = "j" });
        var read = SafetensorsHeader.Read(model.ToArray());
        Assert.Equal("w", Assert.Single(read.Tensors).Name);
        Assert.Equal("pt", read.Metadata["format"]);
        Assert.Equal("j", read.Metadata["job"]);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], model.ToArray()[(int)read.DataOffset..]);
    }

    [Fact]
    public void Only_a_checkpoint_is_exported()
    {
        var header = SafetensorsHeader.Create([("w", "U8", [0])], new Dictionary<string, string>());
        using var file = new MemoryStream(header.ToBytes());
        Assert.Throws<FormatException>(() => ModelExport.Write(file, Stream.Null, new Dictionary<string, string>()));
    }
}
