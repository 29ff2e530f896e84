using Orchestrator.Contracts.Leases;
using Orchestrator.TestKit.Processes;
using Orchestrator.Workers.Agent.Silo;

namespace Orchestrator.Agent.Tests.Silo;

/// <summary>What the agent's loops wait for is a silo that is unreachable: any other error would end them.</summary>
public sealed class SiloClientTests
{
    /// <summary>A reset just before a request is sent is rare, about one in a hundred: it is met for certain in so many.</summary>
    private const int Calls = 1000;

    [Fact]
    public async Task A_silo_killed_as_the_agent_connects_is_unreachable_at_whichever_moment()
    {
        await using var server = new ResettingServer();
        using var silo = new SiloClient(server.Address, null, TimeProvider.System);
        var beat = new HeartbeatRequest("default", "worker", "instance", []);
        for (int i = 0; i < Calls; i++)
        {
            await Assert.ThrowsAsync<SiloUnreachableException>(() => silo.HeartbeatAsync(beat, TestContext.Current.CancellationToken));
        }
    }
}
