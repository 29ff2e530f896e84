using Microsoft.Extensions.Logging;
using Orchestrator.Contracts.Leases;
using Orchestrator.Workers.Agent.Silo;
using Orchestrator.Workers.Agent.Trainers;

namespace Orchestrator.Workers.Agent.Leasing;

/// <summary>Tells the silo what this worker is, at the start and whenever the silo does not know it.</summary>
internal sealed partial class Registration(
    AgentOptions options,
    string instance,
    TrainerCatalog catalog,
    LeaseBoard board,
    SiloClient silo,
    SiloLink link,
    ILogger logger) : IDisposable
{
    private static readonly TimeSpan ShortestHeartbeat = TimeSpan.FromMilliseconds(100);
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>How often the silo wants to hear from this worker.</summary>
    internal TimeSpan Heartbeat { get; private set; } = TimeSpan.FromSeconds(10);

    /// <summary>Registers, however long it takes for a silo to answer.</summary>
    /// <param name="first">At the start a refusal is final; later the agent goes on and asks again.</param>
    /// <param name="stopping">Ends the wait.</param>
    /// <exception cref="AgentInputException">The silo refuses this worker.</exception>
    internal async Task RegisterAsync(bool first, CancellationToken stopping)
    {
        await _turn.WaitAsync(stopping);
        try
        {
            WorkerRegistered registered = await link.InsistAsync(
                token => silo.RegisterAsync(options.Pool, options.Name, Describe(), token), stopping);
            Heartbeat = TimeSpan.FromSeconds(Math.Max(ShortestHeartbeat.TotalSeconds, registered.HeartbeatSeconds));
        }
        catch (SiloRefusedException e) when (first)
        {
            throw new AgentInputException($"The silo at {options.Server} refuses this worker: {e.Message}");
        }
        catch (SiloRefusedException e)
        {
            LogRefused(options.Server, e.Message);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private WorkerRegistration Describe() => new()
    {
        Instance = instance,
        Slots = options.Slots,
        Devices = options.Devices,
        Memory = options.Memory,
        Labels = options.Labels,
        AllowCommand = options.AllowCommand,
        Trainers = catalog.Offered,
        Spooled = board.Spooled,
        Version = AgentVersion.Full,
    };

    [LoggerMessage(EventId = 5, Level = LogLevel.Error, Message = "The silo at {Server} refuses this worker: {Reason}")]
    private partial void LogRefused(Uri server, string reason);
}
