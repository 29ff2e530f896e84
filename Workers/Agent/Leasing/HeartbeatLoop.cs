using Orchestrator.Contracts.Leases;
using Orchestrator.Workers.Agent.Silo;

namespace Orchestrator.Workers.Agent.Leasing;

/// <summary>
/// Says at the silo's rhythm, and at once when it is back, that the leases are alive, and passes on what it wants
/// stopped.
/// </summary>
/// <param name="release">Reports a lease that was stopped before it ran.</param>
internal sealed class HeartbeatLoop(
    AgentOptions options,
    string instance,
    SiloClient silo,
    SiloLink link,
    Registration registration,
    LeaseBoard board,
    Action<HeldLease> release,
    TimeProvider time)
{
    /// <summary>Runs until it is stopped, and then throws.</summary>
    /// <param name="draining">From then on, and at once, the silo is told that this worker is about to end.</param>
    /// <param name="stopping">Stops it.</param>
    internal async Task RunAsync(CancellationToken draining, CancellationToken stopping)
    {
        // Not disposed: the link may still call its listeners when this loop has ended.
        var regained = new SemaphoreSlim(0);
        link.Listen(reachable => _ = reachable ? regained.Release() : 0);
        int unanswered = 0;
        while (true)
        {
            bool ending = draining.IsCancellationRequested;
            unanswered = await BeatAsync(ending, stopping) ? 0 : unanswered + 1;
            TimeSpan pause = unanswered == 0 ? registration.Heartbeat : link.DelayBefore(unanswered);

            // Once it has been said, a drain ends no more pauses.
            using var early = CancellationTokenSource.CreateLinkedTokenSource(stopping, ending ? default : draining);
            await Task.WhenAny(Task.Delay(pause, time, early.Token), regained.WaitAsync(early.Token));
            await early.CancelAsync();
            stopping.ThrowIfCancellationRequested();
        }
    }

    private async Task<bool> BeatAsync(bool draining, CancellationToken stopping)
    {
        var request = new HeartbeatRequest(options.Pool, options.Name, instance, board.TakeProgress(), draining);
        HeartbeatReply reply;
        try
        {
            reply = await link.TryAsync(token => silo.HeartbeatAsync(request, token), stopping);
        }
        catch (Exception e) when (e is SiloUnreachableException or SiloRefusedException)
        {
            return false;
        }

        if (reply.Unknown)
        {
            await registration.RegisterAsync(first: false, stopping);
        }

        foreach (LeaseStop stop in reply.Stops)
        {
            if (board.Stop(stop.Token, stop.Reason) is { } held)
            {
                release(held);
            }
        }

        return true;
    }
}
