using System.Text;
using CsCheck;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Agent.Slots;

namespace Orchestrator.Agent.Tests.Slots;

public sealed class StreamTests
{
    private static async Task<List<ProtocolLines.Line>> ReadAsync(Stream stream)
    {
        var lines = new List<ProtocolLines.Line>();
        await foreach (ProtocolLines.Line line in ProtocolLines.ReadAsync(stream))
        {
            lines.Add(line);
        }

        return lines;
    }

    [Fact]
    public async Task Lines_are_the_same_however_the_bytes_arrive()
    {
        Gen<string> text = Gen.String[Gen.Char["ab\n\r{}"], 0, 200];
        await Gen.Select(text, Gen.Int[1, 7]).SampleAsync(async (all, chunk) =>
        {
            using var stream = new ChunkedStream(Encoding.UTF8.GetBytes(all), chunk);
            List<ProtocolLines.Line> lines = await ReadAsync(stream);
            string[] expected = all.EndsWith('\n') ? all[..^1].Split('\n') : all.Length == 0 ? [] : all.Split('\n');
            Assert.Equal(expected, lines.Select(l => Encoding.UTF8.GetString(l.Bytes.Span)));
        });
    }

    [Fact]
    public async Task A_line_of_the_longest_length_is_read_and_a_longer_one_is_not_held()
    {
        string longest = new('x', TrainerProtocol.MaxLineBytes);
        string longer = new('y', (3 * TrainerProtocol.MaxLineBytes) + 1);
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes($"{longest}\n{longer}\nz\n"));

        List<ProtocolLines.Line> lines = await ReadAsync(stream);

        Assert.Equal([false, true, false], lines.Select(l => l.TooLong));
        Assert.Equal(TrainerProtocol.MaxLineBytes, lines[0].Bytes.Length);
        Assert.InRange(lines[1].Bytes.Length, 1, 4096);
        Assert.Equal("z"u8.ToArray(), lines[2].Bytes.ToArray());
    }

    [Fact]
    public void A_log_never_exceeds_its_capacity_and_keeps_the_last_lines()
    {
        const int capacity = 100;
        Gen.String[Gen.Char["aä☃"], 0, 70].Array[1, 30].Sample(lines =>
        {
            var log = new LogTail(capacity);
            foreach (string line in lines)
            {
                log.Add(Encoding.UTF8.GetBytes(line));
            }

            string text = log.Text() ?? "";
            Assert.InRange(Encoding.UTF8.GetByteCount(text), 0, capacity);
            if (Encoding.UTF8.GetByteCount(lines[^1]) <= capacity / 2)
            {
                Assert.EndsWith(lines[^1] + "\n", text, StringComparison.Ordinal);
            }
        });
    }

    /// <summary>Gives a few bytes at a time.</summary>
    private sealed class ChunkedStream(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(chunk, buffer.Length)], cancellationToken);
    }
}
