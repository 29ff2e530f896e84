using System.CommandLine;
using System.CommandLine.Parsing;

namespace Orchestrator.Workers.Agent.CommandLine;

/// <summary>The command line of an agent.</summary>
internal static class AgentCommand
{
    private static readonly Option<string?> Server = new("--server")
    {
        Description = "Address of the silo (ORCHESTRATOR_SERVER, else http://127.0.0.1:5080).",
        HelpName = "URL",
    };

    private static readonly Option<string?> Key = new("--key")
    {
        Description = "Key of the role worker (ORCHESTRATOR_KEY); a silo on this machine needs none.",
        HelpName = "KEY",
    };

    private static readonly Option<string> Pool = new("--pool")
    {
        Description = "Pool to join.",
        DefaultValueFactory = _ => "default",
    };

    private static readonly Option<string?> Name = new("--name")
    {
        Description = "Name within the pool, the same after a restart; default: the host's, and a hash of pool, server, slots and devices.",
    };

    private static readonly Option<int?> Slots = new("--slots")
    {
        Description = "Segments run at once; default: the number of cores.",
        HelpName = "N",
    };

    private static readonly Option<string> Devices = new("--devices")
    {
        Description = "Devices dealt out to the slots in turn, separated by commas: cpu, cuda:0, …",
        HelpName = "LIST",
        DefaultValueFactory = _ => "cpu",
    };

    private static readonly Option<string?> Data = new("--data")
    {
        Description = "Folder of data sets, or several joined by colons (ORCHESTRATOR_DATA).",
        HelpName = "DIR",
    };

    private static readonly Option<string?> State = new("--state")
    {
        Description = "Folder of what survives a restart; default: a folder of its own for each name.",
        HelpName = "DIR",
    };

    private static readonly Option<string?> Blobs = new("--blobs")
    {
        Description = "The silo's blob folder, where this machine can reach it: then checkpoints are not sent over HTTP.",
        HelpName = "DIR",
    };

    private static readonly Option<bool> AllowCommand = new("--allow-command")
    {
        Description = "Let jobs run any command on this machine.",
    };

    private static readonly Option<string?> Trainer = new("--trainer")
    {
        Description = "The built-in trainer; default: orchestrator-trainer beside this program.",
        HelpName = "PATH",
    };

    private static readonly Option<string?> Trainers = new("--trainers")
    {
        Description = """JSON file of further trainers by name: { "resnet": ["python3", "/opt/train.py"] }.""",
        HelpName = "FILE",
    };

    private static readonly Option<string[]> Labels = new("--labels")
    {
        Description = "Labels of this machine, key=value, separated by commas.",
        HelpName = "K=V",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string?> Memory = new("--memory")
    {
        Description = "Memory offered, in bytes or with K, M, G, T; default: all of the machine's.",
        HelpName = "BYTES",
    };

    private static readonly Option<string?> CacheBytes = new("--cache-bytes")
    {
        Description = "Most bytes of checkpoints kept on disk, in bytes or with K, M, G, T; default 10G.",
        HelpName = "BYTES",
    };

    private static readonly Option<int?> ParentProcess = new("--parent-pid")
    {
        Description = "End when this process ends.",
        HelpName = "PID",
    };

    private static readonly Option<int?> MetricsPort = new("--metrics")
    {
        Description = "Port of /metrics on the loopback address; default: no metrics.",
        HelpName = "PORT",
    };

    /// <summary>The command whose body is <paramref name="run"/>.</summary>
    internal static RootCommand Create(Func<AgentOptions, CancellationToken, Task> run)
    {
        var command = new RootCommand("Runs segments for a silo: one worker node of a pool.")
        {
            Server, Key, Pool, Name, Slots, Devices, Data, State, Blobs, AllowCommand,
            Trainer, Trainers, Labels, Memory, CacheBytes, ParentProcess, MetricsPort,
        };
        command.SetAction((parsed, stopping) => run(Read(parsed), stopping));
        return command;
    }

    /// <summary>The options of a parsed command line, defaults filled in.</summary>
    /// <exception cref="AgentInputException">An option's value is not allowed.</exception>
    internal static AgentOptions Read(ParseResult parsed) => OptionValues.Resolve(new RawOptions
    {
        Server = parsed.GetValue(Server),
        Key = parsed.GetValue(Key),
        Pool = parsed.GetValue(Pool)!,
        Name = parsed.GetValue(Name),
        Slots = parsed.GetValue(Slots),
        Devices = parsed.GetValue(Devices)!,
        Data = parsed.GetValue(Data),
        State = parsed.GetValue(State),
        Blobs = parsed.GetValue(Blobs),
        AllowCommand = parsed.GetValue(AllowCommand),
        Trainer = parsed.GetValue(Trainer),
        Trainers = parsed.GetValue(Trainers),
        Labels = parsed.GetValue(Labels) ?? [],
        Memory = parsed.GetValue(Memory),
        CacheBytes = parsed.GetValue(CacheBytes),
        ParentProcess = parsed.GetValue(ParentProcess),
        MetricsPort = parsed.GetValue(MetricsPort),
    });
}
