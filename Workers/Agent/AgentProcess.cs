using Microsoft.Extensions.Logging;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Agent.Checkpoints;
using Orchestrator.Workers.Agent.Leasing;
using Orchestrator.Workers.Agent.Processes;
using Orchestrator.Workers.Agent.Results;
using Orchestrator.Workers.Agent.Silo;
using Orchestrator.Workers.Agent.Slots;
using Orchestrator.Workers.Agent.Storage;
using Orchestrator.Workers.Agent.Trainers;

namespace Orchestrator.Workers.Agent;

/// <summary>The parts of an agent, put together, from its start to its end.</summary>
internal sealed partial class AgentProcess(
    AgentOptions options, string instance, AgentMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>What a drain may take in all, and what of it is left to the delivery of the last results.</summary>
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(9.5);

    /// <summary>
    /// Runs until <paramref name="stopping"/>, then drains: prefixes are kept and delivered, the rest is given back.
    /// </summary>
    /// <exception cref="AgentInputException">It cannot start as it was asked to.</exception>
    internal async Task RunAsync(CancellationToken stopping)
    {
        using StateFolder state = await StateFolder.OpenAsync(options.State, time, stopping);
        using var launcher = new ProcessLauncher();
        var describer = new TrainerDescriber(launcher, options.Data, time);
        TrainerCatalog catalog = await TrainerCatalog.OpenAsync(options, describer, stopping);

        using var silo = new SiloClient(options.Server, options.Key, time);
        var link = new SiloLink(options.Server, StableSeed(options.Name), time, logger);
        link.Listen(metrics.Reachable);
        ICheckpoints checkpoints = options.Blobs is { } blobs
            ? new SharedCheckpoints(blobs)
            : new CachedCheckpoints(state.Checkpoints, options.CacheBytes, silo, link, logger);
        var board = new LeaseBoard(options.Slots);
        var spool = new ResultSpool(state.Spool, logger);
        var delivery = new ResultDelivery(
            (batch, token) => link.InsistAsync(
                t => silo.CompleteAsync(new CompletionRequest(options.Pool, options.Name, instance, batch), t), token),
            checkpoints, spool, board, metrics, logger, time);
        var runner = new SegmentRunner(catalog, options.Data, time);

        // Work ends with `stopping`, the rest of the agent when the drain is over.
        using var life = new CancellationTokenSource();
        spool.Sweep();
        IReadOnlyList<Completion> spooled = spool.Load();
        board.AddSpooled(spooled.Select(completion => completion.Token));
        using var registration = new Registration(options, instance, catalog, board, silo, link, logger);
        await registration.RegisterAsync(first: true, stopping);

        delivery.Resume(spooled, life.Token);
        Task Deliver(FinishedSegment finished) => delivery.SubmitAsync(finished, life.Token);
        var leases = new LeaseLoop(options, instance, silo, link, registration, board, checkpoints, time);
        var heartbeats = new HeartbeatLoop(
            options, instance, silo, link, registration, board, held => _ = Deliver(runner.Released(held)), time);
        SlotPlace[] places = [.. Enumerable.Range(0, options.Slots).Select(i => Place(state, launcher, i))];
        Task[] background = [delivery.RunAsync(life.Token), heartbeats.RunAsync(draining: stopping, life.Token)];
        Task[] working =
        [
            leases.RunAsync(stopping),
            .. places.Select(place => WorkAsync(place, runner, board, metrics, Deliver, stopping)),
        ];
        LogReady(options.Name, options.Pool, options.Slots, options.Server);

        // A loop that fails is a defect: better no agent than one that looks alive.
        Task ended = await Task.WhenAny([.. background, .. working, UntilAsync(stopping)]);
        if (!stopping.IsCancellationRequested)
        {
            await life.CancelAsync();
            await EndAsync(places);
            await ended;
            return;
        }

        await DrainAsync(board, runner, Deliver, delivery, link, working);
        await life.CancelAsync();
        await Task.WhenAll(background.Select(Quietly));
        await EndAsync(places);
        LogEnded(options.Name);
    }

    /// <summary>The same number for the same name, on every machine and in every run.</summary>
    private static int StableSeed(string name) => name.Aggregate(17, static (hash, c) => unchecked((hash * 31) + c));

    private static async Task WorkAsync(
        SlotPlace place,
        SegmentRunner runner,
        LeaseBoard board,
        AgentMetrics metrics,
        Func<FinishedSegment, Task> deliver,
        CancellationToken stopping)
    {
        while (true)
        {
            HeldLease held = await board.TakeAsync(stopping);
            metrics.Busy(1);
            try
            {
                // Kept before the next one begins: a kill costs a slot no more than the segment it runs.
                await deliver(await runner.RunAsync(held, place));
            }
            finally
            {
                metrics.Busy(-1);
                board.Ended();
            }
        }
    }

    private static async Task EndAsync(SlotPlace[] places) =>
        await Task.WhenAll(places.Select(place => place.Slot.DisposeAsync().AsTask()));

    private static async Task UntilAsync(CancellationToken stopping)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration _ = stopping.Register(ended.SetResult);
        await ended.Task;
    }

    private static async Task Quietly(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
            // That is how a loop ends.
        }
    }

    private async Task DrainAsync(
        LeaseBoard board,
        SegmentRunner runner,
        Func<FinishedSegment, Task> deliver,
        ResultDelivery delivery,
        SiloLink link,
        Task[] working)
    {
        LogDraining(options.Name);
        Task limit = Task.Delay(DrainLimit, time);
        foreach (HeldLease held in board.StopAll(StopReason.Draining))
        {
            _ = deliver(runner.Released(held));
        }

        await Task.WhenAny(limit, Task.WhenAll(working.Select(Quietly)));
        await Task.WhenAny(limit, delivery.AllSpooled);
        while (!link.IsLost && !delivery.AllDelivered.IsCompleted && !limit.IsCompleted)
        {
            // Without a silo there is nothing to wait for: results are in the spool.
            await Task.WhenAny(limit, delivery.AllDelivered, Task.Delay(TrainerSlot.WatchPeriod, time));
        }
    }

    private SlotPlace Place(StateFolder state, ProcessLauncher launcher, int index)
    {
        string scratch = Directory.CreateDirectory(Path.Combine(state.Scratch, $"slot-{index}")).FullName;
        return new SlotPlace(
            new TrainerSlot(launcher, time, logger), options.Devices[index % options.Devices.Count], scratch);
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Worker {Name} of pool {Pool}: {Slots} slots for {Server}.")]
    private partial void LogReady(string name, string pool, int slots, Uri server);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Worker {Name} drains.")]
    private partial void LogDraining(string name);

    [LoggerMessage(EventId = 3, Level = LogLevel.Information, Message = "Worker {Name} ended.")]
    private partial void LogEnded(string name);
}
