using Orchestrator.Contracts.Leases;
using Orchestrator.Workers.Agent.Checkpoints;
using Orchestrator.Workers.Agent.Silo;

namespace Orchestrator.Workers.Agent.Leasing;

/// <summary>Asks the silo for work whenever there is room for it.</summary>
internal sealed class LeaseLoop(
    AgentOptions options,
    string instance,
    SiloClient silo,
    SiloLink link,
    Registration registration,
    LeaseBoard board,
    ICheckpoints checkpoints,
    TimeProvider time)
{
    /// <summary>An empty answer that comes faster than this did not wait for work: asking again at once would be a storm.</summary>
    private static readonly TimeSpan ShortestPoll = TimeSpan.FromMilliseconds(200);

    /// <summary>Runs until it is stopped, and then throws.</summary>
    internal async Task RunAsync(CancellationToken stopping)
    {
        string? request = null;
        int attempt = 0;
        while (true)
        {
            stopping.ThrowIfCancellationRequested();
            (Room room, Task changed) = board.Look();
            if (room is { Free: 0, Ahead: 0 })
            {
                await changed.WaitAsync(stopping);
                continue;
            }

            // The id stays until an answer came: what was granted and got lost is granted again under the same id.
            request ??= Guid.NewGuid().ToString("N");
            var body = new LeaseRequest(options.Name, instance, request, room.Free, room.Ahead);
            long started = time.GetTimestamp();
            LeaseReply? reply = await PollAsync(body, changed, stopping);
            if (reply is null)
            {
                await link.PauseAsync(attempt++, stopping);
                continue;
            }

            if (reply == Superseded)
            {
                continue;
            }

            request = null;
            if (reply.Unknown)
            {
                await registration.RegisterAsync(first: false, stopping);
            }

            IReadOnlyList<HeldLease> fresh = board.Accept(reply.Leases);
            foreach (HeldLease held in fresh)
            {
                held.Prefetch(checkpoints);
            }

            board.Queue(fresh);
            if (fresh.Count > 0)
            {
                attempt = 0;
            }
            else if (time.GetElapsedTime(started) < ShortestPoll)
            {
                await link.PauseAsync(attempt++, stopping);
            }
        }
    }

    /// <summary>Stands for: there is more room now, ask again under the same id.</summary>
    private static readonly LeaseReply Superseded = new([]);

    /// <summary>The silo's answer; null = none.</summary>
    private async Task<LeaseReply?> PollAsync(LeaseRequest body, Task changed, CancellationToken stopping)
    {
        using var poll = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Task<LeaseReply> answer = link.TryAsync(token => silo.LeaseAsync(options.Pool, body, token), poll.Token);
        try
        {
            if (await Task.WhenAny(answer, changed) == changed)
            {
                // A slot came free while the poll said there was none: the silo would hold back what it could run.
                await poll.CancelAsync();
            }

            return await answer;
        }
        catch (SiloUnreachableException)
        {
            return null;
        }
        catch (SiloRefusedException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return Superseded;
        }
    }
}
