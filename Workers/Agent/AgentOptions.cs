using Orchestrator.Workers.Agent.Trainers;

namespace Orchestrator.Workers.Agent;

/// <summary>What an agent was asked to be; made by <see cref="CommandLine.AgentCommand"/>.</summary>
internal sealed record AgentOptions
{
    /// <summary>The silo, with a slash at its end.</summary>
    internal required Uri Server { get; init; }

    /// <summary>Key of the role worker; null = the silo asks for none.</summary>
    internal string? Key { get; init; }

    /// <summary>The pool it joins.</summary>
    internal required string Pool { get; init; }

    /// <summary>Its name within the pool; the same after a restart.</summary>
    internal required string Name { get; init; }

    /// <summary>Concurrent segments, at least 1.</summary>
    internal required int Slots { get; init; }

    /// <summary>Devices, dealt out to the slots in turn: cpu, cuda:N.</summary>
    internal required IReadOnlyList<string> Devices { get; init; }

    /// <summary>Folders of data sets, joined by colons; null = the trainers' own default.</summary>
    internal string? Data { get; init; }

    /// <summary>Folder of what survives a restart.</summary>
    internal required string State { get; init; }

    /// <summary>The silo's blob folder, where it can be reached directly; null = blobs go over HTTP.</summary>
    internal string? Blobs { get; init; }

    /// <summary>Whether jobs may bring a command of their own.</summary>
    internal bool AllowCommand { get; init; }

    /// <summary>The built-in trainer; null = it is not there, and was not asked for.</summary>
    internal TrainerCommand? BuiltInTrainer { get; init; }

    /// <summary>Trainers the operator configured, by name.</summary>
    internal required IReadOnlyDictionary<string, TrainerCommand> NamedTrainers { get; init; }

    /// <summary>Labels of this machine.</summary>
    internal required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>Bytes of memory offered.</summary>
    internal required long Memory { get; init; }

    /// <summary>Most bytes of the checkpoint cache.</summary>
    internal required long CacheBytes { get; init; }

    /// <summary>Process whose end ends the agent; null = none.</summary>
    internal int? ParentProcess { get; init; }

    /// <summary>Port of /metrics on the loopback address; null = no metrics.</summary>
    internal int? MetricsPort { get; init; }
}
