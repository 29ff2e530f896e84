using System.Net;
using System.Net.Sockets;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.EndToEnd.Tests.BadInput;

/// <summary>`orchestrator serve` and `worker` that cannot start as they were asked to.</summary>
public sealed class ServeTests(ServedWorkers workers)
{
    [Fact]
    public async Task A_port_in_use_is_named_and_another_is_advised()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        using var folder = new TemporaryFolder();
        (int code, _, string error) = await OrchestratorCommand.RunAsync(
            "serve", "--store", folder.File("store"), "--blobs", folder.File("blobs"), "--listen", $"127.0.0.1:{port}");
        Assert.Equal(2, code);
        Assert.Contains($"Port {port} of 127.0.0.1 is in use", error);
        Assert.Contains("--listen", error);
    }

    [Fact]
    public async Task A_worker_whose_state_another_one_uses_is_refused()
    {
        using var folder = new TemporaryFolder();
        string[] arguments = ["worker", "--server", workers.Server, "--pool", "spare", "--name", "one", "--state", folder.File("state")];
        await using ProgramProcess first = OrchestratorCommand.Start(arguments);
        await Waiting.UntilAsync(() => File.Exists(Path.Combine(folder.File("state"), "lock")), "the first worker has its folder",
            ct: TestContext.Current.CancellationToken);
        (int code, _, string error) = await OrchestratorCommand.RunAsync(arguments);
        Assert.Equal(2, code);
        Assert.Contains("is in use by another agent", error);
        first.Signal("TERM");
        Assert.Equal(0, await first.ExitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_exit_code_3()
    {
        (int code, _, string error) = await OrchestratorCommand.RunAsync("list", "--server", $"http://127.0.0.1:{FixedPort.Take()}");
        Assert.Equal(3, code);
        Assert.Contains("orchestrator serve", error);
    }
}
