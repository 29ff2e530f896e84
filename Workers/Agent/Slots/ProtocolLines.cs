using System.Buffers;
using System.IO.Pipelines;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Agent.Slots;

/// <summary>Cuts a stream into lines without ever holding more than one line of the longest length allowed.</summary>
internal static class ProtocolLines
{
    /// <summary>A line without its line feed.</summary>
    /// <param name="Bytes">Its bytes; only the first ones where it is <paramref name="TooLong"/>.</param>
    /// <param name="TooLong">It was longer than <see cref="TrainerProtocol.MaxLineBytes"/>.</param>
    internal readonly record struct Line(ReadOnlyMemory<byte> Bytes, bool TooLong);

    private const int KeptOfTooLong = 1024;

    /// <summary>The lines up to the stream's end; a last line without a line feed counts.</summary>
    internal static async IAsyncEnumerable<Line> ReadAsync(Stream stream)
    {
        PipeReader reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 << 10));
        byte[]? tooLong = null;
        while (true)
        {
            ReadResult read = await reader.ReadAsync();
            ReadOnlySequence<byte> rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                ReadOnlySequence<byte> line = rest.Slice(0, end);
                yield return tooLong is not null ? new Line(tooLong, true)
                    : line.Length > TrainerProtocol.MaxLineBytes ? new Line(Head(line), true)
                    : new Line(line.ToArray(), false);
                tooLong = null;
                rest = rest.Slice(rest.GetPosition(1, end));
            }

            if (rest.Length > TrainerProtocol.MaxLineBytes)
            {
                tooLong ??= Head(rest);
                rest = rest.Slice(rest.End);
            }

            if (read.IsCompleted)
            {
                if (tooLong is not null)
                {
                    yield return new Line(tooLong, true);
                }
                else if (!rest.IsEmpty)
                {
                    yield return new Line(rest.ToArray(), false);
                }

                await reader.CompleteAsync();
                yield break;
            }

            reader.AdvanceTo(rest.Start, rest.End);
        }
    }

    private static byte[] Head(ReadOnlySequence<byte> line) => line.Slice(0, Math.Min(line.Length, KeptOfTooLong)).ToArray();
}
