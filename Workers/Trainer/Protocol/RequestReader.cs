using System.Collections.Concurrent;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Trainer.Native;
using Orchestrator.Workers.Trainer.Segments;

namespace Orchestrator.Workers.Trainer.Protocol;

/// <summary>
/// Reads requests on a thread of its own, so that a stop is heard while a step runs, and so that the end of standard
/// input ends the process at once: a trainer never outlives its agent.
/// </summary>
internal sealed class RequestReader(Stream input, ReplyWriter replies, StopSignal stop)
{
    private readonly BlockingCollection<TrainerRequest> _requests = [];

    /// <summary>Begins to read.</summary>
    internal void Start() => new Thread(Read) { IsBackground = true, Name = "requests" }.Start();

    /// <summary>The next request that is not a stop; waits for it.</summary>
    internal TrainerRequest Next() => _requests.Take();

    private void Read()
    {
        var line = new MemoryStream();
        var chunk = new byte[1 << 16];
        try
        {
            while (input.Read(chunk) is var count and > 0)
            {
                var rest = chunk.AsSpan(0, count);
                while (rest.IndexOf((byte)'\n') is var end and >= 0)
                {
                    line.Write(rest[..end]);
                    Take(line.GetBuffer().AsSpan(0, (int)line.Length));
                    line.SetLength(0);
                    rest = rest[(end + 1)..];
                }

                line.Write(rest);
            }
        }
        catch (IOException)
        {
            // As the end of input: whoever wrote is gone.
        }

        ProcessControl.ExitNow(0);
    }

    private void Take(ReadOnlySpan<byte> line)
    {
        if (line.Trim(" \t\r"u8).IsEmpty)
        {
            return;
        }

        try
        {
            var request = TrainerProtocol.ReadRequest(line);
            if (request is StopRequest told)
            {
                stop.Raise(told);
            }
            else
            {
                // Here, in the order of the lines: a stop that follows at once must not be forgotten.
                stop.Reset();
                _requests.Add(request);
            }
        }
        catch (TrainerProtocolException e)
        {
            replies.Write(new FailedReply { Re = e.Id, Kind = FailureKind.BadInput, Message = e.Message });
        }
    }
}
