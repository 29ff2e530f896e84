using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Trainer.Protocol;

/// <summary>Writes replies, one line each, from whichever thread has one.</summary>
internal sealed class ReplyWriter(Stream output)
{
    private readonly Lock _gate = new();

    internal void Write(TrainerReply reply)
    {
        byte[] line = [.. TrainerProtocol.WriteLine(reply), (byte)'\n'];
        lock (_gate)
        {
            output.Write(line);
            output.Flush();
        }
    }
}
