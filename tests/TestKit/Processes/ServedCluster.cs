using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.TestKit.Processes;

/// <summary>A silo and its agents as an operator starts them: processes of their own, SQLite, checkpoints over HTTP.</summary>
public sealed class ServedCluster : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    private ServedCluster(LeaseTimes times, string? blobs)
    {
        Silo = new SiloProcess(_folder.Path, times, blobs);
        Api = new HttpJobsApi(Silo.Address);
    }

    /// <summary>The silo.</summary>
    public SiloProcess Silo { get; }

    /// <summary>The agents that were added.</summary>
    public List<AgentProcess> Agents { get; } = [];

    /// <summary>The silo's API.</summary>
    public HttpJobsApi Api { get; }

    /// <summary>Starts a silo, and agents with so many slots; returns when all of them are registered.</summary>
    /// <param name="times">Durations of leases.</param>
    /// <param name="slots">Slots of each agent.</param>
    /// <param name="blobs">Folder of the silo's checkpoints; null = one of its own.</param>
    /// <param name="ct">Gives up.</param>
    public static async Task<ServedCluster> StartAsync(
        LeaseTimes times, IReadOnlyList<int> slots, string? blobs = null, CancellationToken ct = default)
    {
        var cluster = new ServedCluster(times, blobs);
        await cluster.Silo.StartAsync(ct);
        for (int i = 0; i < slots.Count; i++)
        {
            cluster.Add($"agent-{i}", slots[i]).Start();
        }

        await cluster.RegisteredAsync(ct);
        return cluster;
    }

    /// <summary>Adds an agent; it is not started yet.</summary>
    public AgentProcess Add(string name, int slots, params IReadOnlyList<string> options)
    {
        var agent = new AgentProcess(name, slots, Silo.Address, Path.Combine(_folder.Path, name), options);
        Agents.Add(agent);
        return agent;
    }

    /// <summary>Returns when all living agents are registered.</summary>
    public Task RegisteredAsync(CancellationToken ct = default) => Waiting.UntilAsync(
        async () =>
        {
            AgentProcess? dead = Agents.FirstOrDefault(agent => !agent.IsAlive);
            if (dead is not null)
            {
                throw new InvalidOperationException($"Agent {dead.Name} ended:\n{dead.Output}");
            }

            Page<WorkerView> workers = await Api.WorkersAsync(ct: ct);
            return Agents.TrueForAll(agent => workers.Items.Any(worker => worker.Worker == agent.Name));
        },
        "the agents are registered",
        ct: ct);

    /// <summary>Leases that are held now; 0 while the silo is away.</summary>
    public async Task<int> LeasesAsync(CancellationToken ct = default)
    {
        try
        {
            return (await Api.WorkersAsync(ct: ct)).Items.Sum(worker => worker.Leases);
        }
        catch (ServerUnreachableException)
        {
            return 0;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (AgentProcess agent in Agents)
        {
            await agent.DisposeAsync();
        }

        await Silo.DisposeAsync();
        Api.Dispose();
        _folder.Dispose();
    }
}
