using Orchestrator.Contracts.Leases;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.Agent.Tests.EndToEnd;

/// <summary>Silos that go away, lose answers and forget, and agents that are killed with results in their spool.</summary>
public sealed class SiloAbsenceTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private SiloStub _silo = null!;

    private string Gate => _folder.File("gate");

    private string Spool => Path.Combine(_folder.Path, "state", "spool");

    public async ValueTask InitializeAsync() => _silo = await SiloStub.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _silo.DisposeAsync();
        _folder.Dispose();
    }

    private SegmentWork Gated() => Work.Segment("", ("at", 3), ("gate", Gate));

    private async Task HeldAsync(params IReadOnlyList<string> tokens) =>
        await _silo.UntilAsync(
            () => _silo.Heartbeats.Any(h => tokens.All(t => h.Leases.Any(l => l.Token == t))), $"leases {string.Join(", ", tokens)}");

    private Task SpooledAsync(int count) => Waiting.UntilAsync(
        () => Directory.GetFiles(Spool, "*.json").Length >= count, $"{count} results in the spool", TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

    [Fact]
    public async Task Slots_go_on_without_a_silo_and_results_come_when_it_is_back()
    {
        await using var agent = AgentUnderTest.Start(_silo.Address, _folder);
        _silo.Offer(Gated().As("runs"), Work.Segment().As("ahead"));
        await HeldAsync("runs", "ahead");

        await _silo.GoAwayAsync();
        await File.WriteAllTextAsync(Gate, "", TestContext.Current.CancellationToken);
        await SpooledAsync(2);
        int heard = _silo.Heartbeats.Count;
        await _silo.ComeBackAsync();

        Assert.Equal(CompletionOutcome.Succeeded, (await _silo.CompletionAsync("runs")).Outcome);
        Completion ahead = await _silo.CompletionAsync("ahead");
        Assert.True(_silo.Blobs.ContainsKey(ahead.Checkpoint!.Sha256));
        await _silo.UntilAsync(() => _silo.Heartbeats.Count > heard, "a heartbeat after the return");
        Assert.Single(_silo.Registrations);
    }

    [Fact]
    public async Task Results_in_the_spool_of_a_killed_agent_are_delivered_by_the_next()
    {
        await using (var agent = AgentUnderTest.Start(_silo.Address, _folder))
        {
            _silo.Offer(Gated().As("one"));
            await HeldAsync("one");
            await _silo.GoAwayAsync();
            await File.WriteAllTextAsync(Gate, "", TestContext.Current.CancellationToken);
            await SpooledAsync(1);
            agent.Kill();
            await agent.ExitAsync();
        }

        await _silo.ComeBackAsync();
        await using var next = AgentUnderTest.Start(_silo.Address, _folder);

        Completion completion = await _silo.CompletionAsync("one");
        Assert.Equal((CompletionOutcome.Succeeded, 5), (completion.Outcome, completion.Steps));
        Assert.True(_silo.Blobs.ContainsKey(completion.Checkpoint!.Sha256));
        Assert.Equal(["one"], _silo.Registrations[^1].Spooled);
        Assert.NotEqual(_silo.Registrations[0].Instance, _silo.Registrations[^1].Instance);
    }

    [Fact]
    public async Task A_lost_answer_costs_no_lease_and_no_result()
    {
        _silo.AnswersToLose = 1;
        _silo.Offer(Work.Segment().As("one"));
        await using var agent = AgentUnderTest.Start(_silo.Address, _folder);

        Assert.Equal(CompletionOutcome.Succeeded, (await _silo.CompletionAsync("one")).Outcome);
        Assert.Equal(_silo.LeaseRequests[0].RequestId, _silo.LeaseRequests[1].RequestId);
    }

    [Fact]
    public async Task A_completion_whose_receipt_was_lost_is_sent_again_and_then_forgotten()
    {
        _silo.Offer(Gated().As("one"));
        await using var agent = AgentUnderTest.Start(_silo.Address, _folder);
        await HeldAsync("one");
        await _silo.UntilAsync(() => _silo.LeaseRequests.Count == 2, "the poll ahead");
        _silo.LosesReceipts = 1;
        await File.WriteAllTextAsync(Gate, "", TestContext.Current.CancellationToken);

        await _silo.UntilAsync(() => _silo.Completions.Count == 2, "the completion, twice");
        await _silo.UntilAsync(() => _silo.Heartbeats[^1].Leases.Count == 0, "a heartbeat without leases");

        Assert.Equal(_silo.Completions[0].Token, _silo.Completions[1].Token);
        Assert.Empty(Directory.GetFiles(Spool));
    }

    [Fact]
    public async Task A_silo_that_does_not_know_the_worker_is_told_again()
    {
        await using var agent = AgentUnderTest.Start(_silo.Address, _folder);
        await _silo.UntilAsync(() => _silo.Heartbeats.Count > 0, "a heartbeat");

        _silo.WorkersUnknown = true;

        await _silo.UntilAsync(() => _silo.Registrations.Count == 2, "a second registration");
        Assert.Equal(_silo.Registrations[0].Instance, _silo.Registrations[1].Instance);
    }

    [Fact]
    public async Task A_silo_that_is_back_hears_of_the_leases_at_once()
    {
        _silo.HeartbeatSeconds = 600;
        await using var agent = AgentUnderTest.Start(_silo.Address, _folder);
        await _silo.UntilAsync(() => _silo.Heartbeats.Count == 1 && _silo.LeaseRequests.Count == 1, "a heartbeat and a poll");
        await _silo.GoAwayAsync();
        await agent.SaidAsync("does not answer");

        await _silo.ComeBackAsync();

        await _silo.UntilAsync(() => _silo.Heartbeats.Count == 2, "another heartbeat");
    }

    [Fact]
    public async Task An_agent_starts_before_its_silo()
    {
        await _silo.GoAwayAsync();
        await using var agent = AgentUnderTest.Start(_silo.Address, _folder);
        await agent.SaidAsync("does not answer");

        await _silo.ComeBackAsync();

        await _silo.UntilAsync(() => _silo.Registrations.Count == 1, "a registration");
    }

    [Fact]
    public async Task A_drain_without_a_silo_leaves_the_prefix_in_the_spool()
    {
        await using var agent = AgentUnderTest.Start(_silo.Address, _folder);
        _silo.Offer(Gated().As("one"));
        await _silo.UntilAsync(() => _silo.Heartbeats.Any(h => h.Leases.Any(l => l.Steps == 3)), "three steps");
        await _silo.GoAwayAsync();

        agent.Terminate();

        Assert.Equal(0, await agent.ExitAsync(seconds: 10));
        Assert.Single(Directory.GetFiles(Spool, "*.json"));
    }
}
