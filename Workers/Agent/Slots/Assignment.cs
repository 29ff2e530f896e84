using System.Text;
using System.Text.Json;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Agent.Trainers;

namespace Orchestrator.Workers.Agent.Slots;

/// <summary>How a trainer process is started and opened. Segments with equal <see cref="Key"/> share a warm process.</summary>
internal sealed record TrainerOpening
{
    internal TrainerOpening(TrainerCommand command, IReadOnlyDictionary<string, string> environment, OpenRequest open)
    {
        Command = command;
        Environment = environment;
        Open = open;

        // The request's members are written in declaration order and settings in the job's order: equal jobs, equal text.
        Key = string.Join('\n', [
            .. command.Arguments.Prepend(command.Program),
            .. environment.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => $"{e.Key}={e.Value}"),
            Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes<TrainerRequest>(open, TrainerJson.Options)),
        ]);
    }

    /// <summary>What to start.</summary>
    internal TrainerCommand Command { get; }

    /// <summary>The whole environment of the process; nothing else of the agent's is inherited.</summary>
    internal IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>First request; its id is given when it is sent.</summary>
    internal OpenRequest Open { get; }

    /// <summary>Equal for openings that one process can serve.</summary>
    internal string Key { get; }
}

/// <summary>One segment for a slot.</summary>
internal sealed record Assignment
{
    /// <summary>The process it needs.</summary>
    internal required TrainerOpening Opening { get; init; }

    /// <summary>The segment; its id is given when it is sent.</summary>
    internal required TrainRequest Train { get; init; }

    /// <summary>Where its checkpoint goes; also that of a prefix of a segment that needs none at its end.</summary>
    internal required CheckpointTarget Output { get; init; }

    /// <summary>Longest time without a protocol message while the trainer is busy.</summary>
    internal required TimeSpan Hang { get; init; }

    /// <summary>Most resident bytes of the trainer and its children; null = no limit.</summary>
    internal long? MemoryBytes { get; init; }

    /// <summary>Digest the trainer must have; null = any.</summary>
    internal string? Digest { get; init; }
}
