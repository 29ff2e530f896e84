using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Trainer;
using Orchestrator.Workers.Trainer.Data;
using Orchestrator.Workers.Trainer.Models;
using Orchestrator.Workers.Trainer.Native;
using Orchestrator.Workers.Trainer.Protocol;
using Orchestrator.Workers.Trainer.Segments;
using Orchestrator.Workers.Trainer.Workloads;

const int BadInput = 2;

string? data = null;
var device = "cpu";
var describe = false;
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--describe":
            describe = true;
            break;
        case "--data" when i + 1 < args.Length:
            data = args[++i];
            break;
        case "--device" when i + 1 < args.Length:
            device = args[++i];
            break;
        default:
            Console.Error.WriteLine($"orchestrator-trainer: unknown argument '{args[i]}'; known are --describe, --device cpu|cuda:N (what it is to describe itself on) and --data DIR[:DIR…]. Without --describe it speaks the trainer protocol on its standard streams.");
            return BadInput;
    }
}

var replies = new ReplyWriter(ProcessControl.TakeStandardOutput());
if (describe)
{
    try
    {
        TorchDevice.Check(device);
    }
    catch (TrainerException missing)
    {
        Console.Error.WriteLine($"orchestrator-trainer: {missing.Message}");
        return BadInput;
    }

    replies.Write(DescriptionReply.Of(TrainerDescriber.Describe(DataFolders.OrEnvironment(data), device, 1)));
    return 0;
}

ProcessControl.KeepFreedMemory();
var stop = new StopSignal();
var requests = new RequestReader(Console.OpenStandardInput(), replies, stop);
requests.Start();
new TrainerServer(requests, replies, stop, TimeProvider.System, Console.Error).Serve();
return 0;
