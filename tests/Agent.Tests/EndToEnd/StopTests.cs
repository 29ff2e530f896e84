using System.Diagnostics;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.TestKit;

namespace Orchestrator.Agent.Tests.EndToEnd;

/// <summary>Stops, drains and deaths of a real agent process.</summary>
public sealed class StopTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private SiloStub _silo = null!;
    private AgentUnderTest _agent = null!;

    private string Pids => _folder.File("pids");

    private string Gate => _folder.File("gate");

    public async ValueTask InitializeAsync()
    {
        _silo = await SiloStub.StartAsync();
        _agent = AgentUnderTest.Start(_silo.Address, _folder);
    }

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        await _silo.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>A segment that made three steps and waits for ever, until it is stopped.</summary>
    private SegmentWork Stuck(string behave = "") =>
        Work.Segment(behave, ("at", 3), ("gate", Gate), ("pidFile", Pids));

    private Task RunningAsync(string token) =>
        _silo.UntilAsync(() => _silo.Heartbeats.Any(h => h.Leases.Any(l => l.Token == token && l.Steps == 3)), $"progress of {token}");

    [Theory]
    [InlineData(StopReason.Paused, true)]
    [InlineData(StopReason.Draining, true)]
    [InlineData(StopReason.Paused, false)]
    [InlineData(StopReason.Draining, false)]
    public async Task A_paused_segment_keeps_its_prefix_also_where_none_was_asked_for_at_its_end(StopReason reason, bool output)
    {
        _silo.Offer((Stuck() with { Output = output }).As("one"));
        await RunningAsync("one");

        _silo.Stop("one", reason);

        Completion completion = await _silo.CompletionAsync("one");
        Assert.Equal(CompletionOutcome.Succeeded, completion.Outcome);
        Assert.Equal(3, completion.Steps);
        Assert.True(_silo.Blobs.ContainsKey(completion.Checkpoint!.Sha256));
        Assert.Equal(4, completion.Series!.TrimEnd().Split('\n').Length);
    }

    [Theory]
    [InlineData(StopReason.Cancelled)]
    [InlineData(StopReason.Superseded)]
    public async Task A_cancelled_segment_is_given_up_and_its_trainer_stays_warm(StopReason reason)
    {
        _silo.Offer(Stuck().As("one"));
        await RunningAsync("one");

        _silo.Stop("one", reason);

        Completion completion = await _silo.CompletionAsync("one");
        Assert.Equal((CompletionOutcome.Released, 3), (completion.Outcome, completion.Steps));
        Assert.Null(completion.Checkpoint);
        Assert.True(ProcessTable.IsAlive(Assert.Single(await ProcessTable.ReadAsync(Pids, 1))));
    }

    [Fact]
    public async Task A_trainer_that_does_not_obey_is_killed()
    {
        _silo.Offer((Stuck("deaf") with { Steps = 12 }).WithStep(0.8).As("one"));
        int[] processes = await ProcessTable.ReadAsync(Pids, 1);
        await _silo.UntilAsync(() => _silo.Heartbeats.Any(h => h.Leases.Any(l => l.Steps > 0)), "a step");

        _silo.Stop("one", StopReason.Cancelled);

        Assert.Equal(CompletionOutcome.Released, (await _silo.CompletionAsync("one")).Outcome);
        await ProcessTable.GoneAsync(processes);
    }

    [Fact]
    public async Task A_lease_that_waits_is_given_back_without_a_trainer()
    {
        _silo.Offer(Stuck().As("runs"), Work.Segment().As("waits"));
        await RunningAsync("runs");
        await _silo.UntilAsync(() => _silo.Heartbeats.Any(h => h.Leases.Any(l => l.Token == "waits")), "the lease ahead");

        _silo.Stop("waits", StopReason.Superseded);

        Completion completion = await _silo.CompletionAsync("waits");
        Assert.Equal((CompletionOutcome.Released, 0), (completion.Outcome, completion.Steps));
    }

    [Fact]
    public async Task SIGTERM_drains_the_prefix_is_kept_and_the_rest_given_back()
    {
        _silo.Offer(Stuck().As("runs"), Work.Segment().As("waits"));
        await RunningAsync("runs");
        await _silo.UntilAsync(() => _silo.Heartbeats.Any(h => h.Leases.Any(l => l.Token == "waits")), "the lease ahead");
        int[] processes = await ProcessTable.ReadAsync(Pids, 1);

        _agent.Terminate();

        Assert.Equal(0, await _agent.ExitAsync(seconds: 10));
        Completion runs = await _silo.CompletionAsync("runs");
        Completion waits = await _silo.CompletionAsync("waits");
        Assert.Equal((CompletionOutcome.Succeeded, 3), (runs.Outcome, runs.Steps));
        Assert.Equal(CompletionOutcome.Released, waits.Outcome);
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder.Path, "state", "spool")));
        await ProcessTable.GoneAsync(processes);
    }

    [Fact]
    public async Task A_worker_that_drains_says_so_since_its_checkpoints_may_not_arrive_in_time()
    {
        var begun = new TaskCompletionSource();
        var slow = new TaskCompletionSource();
        _silo.Uploading = () =>
        {
            begun.TrySetResult();
            return slow.Task;
        };
        _silo.Offer(Work.Segment().As("done"));
        await begun.Task.WaitAsync(TestContext.Current.CancellationToken);
        await _silo.UntilAsync(() => _silo.Heartbeats.Any(h => h.Leases.Any(l => l.Token == "done")), "a heartbeat");
        Assert.DoesNotContain(_silo.Heartbeats, heartbeat => heartbeat.Draining);

        _agent.Terminate();

        await _silo.UntilAsync(
            () => _silo.Heartbeats.Any(h => h.Draining && h.Leases.Any(l => l.Token == "done")), "a heartbeat that says so");
        slow.SetResult();
        Assert.Equal(CompletionOutcome.Succeeded, (await _silo.CompletionAsync("done")).Outcome);
        Assert.Equal(0, await _agent.ExitAsync(seconds: 10));
    }

    [Theory]
    [InlineData("")]
    [InlineData("clinging")]
    [InlineData("family")]
    public async Task No_trainer_outlives_a_killed_agent_by_two_seconds(string behave)
    {
        _silo.Offer(Stuck(behave).As("one"));
        int[] processes = await ProcessTable.ReadAsync(Pids, behave == "family" ? 2 : 1);
        Assert.All(processes, process => Assert.True(ProcessTable.IsAlive(process)));

        _agent.Kill();

        Assert.InRange((await ProcessTable.GoneAsync(processes)).TotalSeconds, 0, 2);
    }

    [Fact]
    public async Task An_agent_ends_with_the_process_that_started_it()
    {
        using Process parent = Process.Start("sleep", ["60"]);
        using var folder = new TemporaryFolder();
        try
        {
            await using var agent = AgentUnderTest.Start(_silo.Address, folder, "--name", "child", "--parent-pid", $"{parent.Id}");
            await _silo.UntilAsync(() => _silo.Registrations.Count == 2, "both agents");

            parent.Kill();

            Assert.Equal(0, await agent.ExitAsync(seconds: 5));
        }
        finally
        {
            parent.Kill();
        }
    }
}
