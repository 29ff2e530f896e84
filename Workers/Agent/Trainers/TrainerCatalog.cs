using System.Collections.Concurrent;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Agent.Processes;

namespace Orchestrator.Workers.Agent.Trainers;

/// <summary>The program of a segment.</summary>
/// <param name="Command">What to start.</param>
/// <param name="Workload">What to open.</param>
/// <param name="Digest">The digest the opened trainer must report; null = it is not compared.</param>
internal sealed record ResolvedTrainer(TrainerCommand Command, string Workload, string? Digest);

/// <summary>
/// The trainers of this worker: the built-in one, those its operator named, and, where that is allowed, any command.
/// </summary>
internal sealed class TrainerCatalog
{
    /// <summary>What a free command is asked to open.</summary>
    private const string CommandWorkload = "command";

    private readonly TrainerCommand? _builtIn;
    private readonly IReadOnlyDictionary<string, TrainerCommand> _named;
    private readonly bool _allowCommand;
    private readonly ConcurrentDictionary<string, string> _commands = new(); // digest of the command, by job

    private TrainerCatalog(
        TrainerCommand? builtIn, IReadOnlyDictionary<string, TrainerCommand> named, bool allowCommand, IReadOnlyList<OfferedTrainer> offered)
    {
        (_builtIn, _named, _allowCommand, Offered) = (builtIn, named, allowCommand, offered);
    }

    /// <summary>What is registered, in order of name, the built-in trainer first.</summary>
    internal IReadOnlyList<OfferedTrainer> Offered { get; }

    /// <summary>Asks every configured trainer to describe itself.</summary>
    /// <exception cref="AgentInputException">One does not, or there is nothing to offer.</exception>
    internal static async Task<TrainerCatalog> OpenAsync(
        AgentOptions options, TrainerDescriber describer, CancellationToken stopping)
    {
        if (options is { BuiltInTrainer: null, NamedTrainers.Count: 0, AllowCommand: false })
        {
            throw new AgentInputException(
                "There is no trainer to offer: orchestrator-trainer is not beside this program; name one with --trainer or --trainers.");
        }

        var offered = new List<OfferedTrainer>();
        if (options.BuiltInTrainer is { } builtIn)
        {
            offered.Add(new OfferedTrainer(null, await describer.DescribeBuiltInAsync(builtIn, options.Devices, stopping)));
        }

        foreach ((string name, TrainerCommand command) in options.NamedTrainers.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            offered.Add(new OfferedTrainer(name, await describer.DescribeAsync(command, options.Devices[0], stopping)));
        }

        return new TrainerCatalog(options.BuiltInTrainer, options.NamedTrainers, options.AllowCommand, offered);
    }

    /// <summary>The program a segment asks for.</summary>
    /// <exception cref="SegmentRefusedException">This worker does not offer it.</exception>
    internal ResolvedTrainer Resolve(SegmentWork work) => work.Trainer switch
    {
        { Workload: { } workload } => BuiltIn(workload, work.TrainerDigest),
        { Name: { } name } => Named(name, work.TrainerDigest),
        { Command: { Count: > 0 } command } => Free(command, work),
        _ => throw new SegmentRefusedException("The job names no trainer: trainer.workload, .name or .command is needed."),
    };

    private ResolvedTrainer BuiltIn(string workload, string digest)
    {
        TrainerCommand command = _builtIn ?? throw new SegmentRefusedException(
            $"This worker has no built-in trainer, so there is no workload {workload} on it.");
        return new ResolvedTrainer(command, workload, NullIfEmpty(digest));
    }

    private ResolvedTrainer Named(string name, string digest)
    {
        if (!_named.TryGetValue(name, out TrainerCommand? command))
        {
            string names = _named.Count == 0 ? "none" : string.Join(", ", _named.Keys.Order(StringComparer.Ordinal));
            throw new SegmentRefusedException($"This worker has no trainer named {name}; its operator configured: {names}.");
        }

        string workload = Offered.Single(o => o.Name == name).OwnWorkload?.Name ?? name;
        return new ResolvedTrainer(command, workload, NullIfEmpty(digest));
    }

    private ResolvedTrainer Free(IReadOnlyList<string> command, SegmentWork work)
    {
        if (!_allowCommand)
        {
            throw new SegmentRefusedException(
                "The job brings a command of its own, which this worker's operator has not allowed (--allow-command).");
        }

        // Not found is the job's mistake, not the worker's: it must not drain one worker after the other.
        if (ExecutableSearch.Find(command[0]) is null)
        {
            throw new SegmentRefusedException($"trainer.command: there is no program {command[0]} on this worker.");
        }

        string digest = CommandDigest.Compute(work.Trainer);
        return _commands.GetOrAdd(work.Job, digest) == digest
            ? new ResolvedTrainer(new TrainerCommand(command[0], [.. command.Skip(1)]), CommandWorkload, Digest: null)
            : throw new SegmentRefusedException(
                "trainer.files were changed on this worker while the job ran, so its segments do not belong together. Submit it anew.");
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
