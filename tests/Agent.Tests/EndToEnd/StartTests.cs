using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Orchestrator.Contracts.Leases;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Agent.Tests.EndToEnd;

/// <summary>How an agent starts, or says why it does not.</summary>
public sealed class StartTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private SiloStub _silo = null!;

    public async ValueTask InitializeAsync() => _silo = await SiloStub.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _silo.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Two_agents_on_one_state_folder_are_one_too_many()
    {
        await using var first = AgentUnderTest.Start(_silo.Address, _folder);
        await _silo.UntilAsync(() => _silo.Registrations.Count == 1, "the first agent");

        await using var second = AgentUnderTest.Start(_silo.Address, _folder, "--name", "second");

        Assert.Equal(2, await second.ExitAsync());
        Assert.Contains("in use by another agent", second.Output, StringComparison.Ordinal);
        Assert.Single(_silo.Registrations);
    }

    [Fact]
    public async Task A_trainer_that_cannot_be_started_is_named()
    {
        await using var agent = AgentUnderTest.Start(_silo.Address, _folder, "--trainer", "/nowhere/trainer");

        Assert.Equal(2, await agent.ExitAsync());
        Assert.Contains("/nowhere/trainer", agent.Output, StringComparison.Ordinal);
    }

    /// <summary>A device that is not there would fail one job after the other.</summary>
    [Fact]
    public async Task A_built_in_trainer_describes_itself_on_each_GPU_of_the_agent()
    {
        string trainer = _folder.File("trainer");
        await File.WriteAllTextAsync(trainer, $"#!/bin/sh\necho \"$CUDA_VISIBLE_DEVICES $*\" | tee -a {_folder.File("asked")}; exec {string.Join(' ', FakeTrainer.Command)} --describe\n", TestContext.Current.CancellationToken);
        using (var chmod = System.Diagnostics.Process.Start("chmod", ["+x", trainer]))
        {
            await chmod.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        await using var agent = AgentUnderTest.Start(_silo.Address, _folder, "--trainer", trainer, "--devices", "cuda:3,cuda:1,cuda:3");
        await _silo.UntilAsync(() => _silo.Registrations.Count == 1, "the agent");

        Assert.Equal(
            ["3 --device cuda:0 --describe", "1 --device cuda:0 --describe"],
            await File.ReadAllLinesAsync(_folder.File("asked"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_trainer_that_does_not_describe_itself_is_named_with_its_last_words()
    {
        string trainers = _folder.File("trainers.json");
        await File.WriteAllTextAsync(
            trainers, """{ "odd": ["sh", "-c", "echo who am I; exit 4"] }""", TestContext.Current.CancellationToken);

        await using var agent = AgentUnderTest.Start(_silo.Address, _folder, "--trainers", trainers);

        Assert.Equal(2, await agent.ExitAsync());
        Assert.Contains("exit code 4", agent.Output, StringComparison.Ordinal);
        Assert.Contains("who am I", agent.Output, StringComparison.Ordinal);
    }

    /// <summary>By the system for want of memory, say: an agent that gave up would leave its segments to nobody.</summary>
    [Theory]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public async Task A_trainer_that_is_killed_while_it_describes_itself_is_asked_again(int kills, bool starts)
    {
        string trainers = _folder.File("trainers.json");
        string script = $"echo >> {_folder.File("asked")}; [ $(wc -l < {_folder.File("asked")}) -gt {kills} ] || kill -KILL $$; exec {string.Join(' ', FakeTrainer.Command)} --describe";
        await File.WriteAllTextAsync(
            trainers,
            JsonSerializer.Serialize(new Dictionary<string, IEnumerable<string>> { ["killed"] = ["sh", "-c", script] }),
            TestContext.Current.CancellationToken);

        await using var agent = AgentUnderTest.Start(_silo.Address, _folder, "--trainers", trainers);

        if (starts)
        {
            await _silo.UntilAsync(() => _silo.Registrations.Count == 1, "the agent");
        }
        else
        {
            Assert.Equal(2, await agent.ExitAsync());
            Assert.Contains("exit code 137", agent.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_refusal_of_the_silo_is_passed_on()
    {
        _silo.Admission = _ => TypedResults.Problem(detail: "the key is not a worker's", statusCode: (int)HttpStatusCode.Forbidden);

        await using var agent = AgentUnderTest.Start(_silo.Address, _folder);

        Assert.Equal(2, await agent.ExitAsync());
        Assert.Contains("the key is not a worker's", agent.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trainers_are_offered_by_the_names_their_operator_gave_them()
    {
        string trainers = _folder.File("trainers.json");
        await File.WriteAllTextAsync(
            trainers,
            JsonSerializer.Serialize(new Dictionary<string, IEnumerable<string>> { ["mine"] = FakeTrainer.Command }),
            TestContext.Current.CancellationToken);
        await using var agent = AgentUnderTest.Start(_silo.Address, _folder, "--trainers", trainers);
        SegmentWork work = Work.Segment();
        _silo.Offer(
            (work with { Trainer = new TrainerSelection { Name = "mine" } }).As("known"),
            (work with { Trainer = new TrainerSelection { Name = "other" } }).As("unknown"));

        Assert.Equal(CompletionOutcome.Succeeded, (await _silo.CompletionAsync("known")).Outcome);
        Assert.Contains("configured: mine", (await _silo.CompletionAsync("unknown")).Failure!.Message, StringComparison.Ordinal);
        Assert.Equal([null, "mine"], _silo.Registrations[0].Trainers.Select(t => t.Name));
    }

    [Fact]
    public async Task A_command_is_run_where_it_is_allowed()
    {
        await using var agent = AgentUnderTest.Start(_silo.Address, _folder, "--allow-command");
        SegmentWork work = Work.Segment();
        _silo.Offer(
            (work with { Trainer = new TrainerSelection { Command = FakeTrainer.Command }, TrainerDigest = "" }).As("good"),
            (work with { Trainer = new TrainerSelection { Command = ["no-such-program"] } }).As("bad"));

        Assert.Equal(CompletionOutcome.Succeeded, (await _silo.CompletionAsync("good")).Outcome);
        Completion bad = await _silo.CompletionAsync("bad");
        Assert.Equal(("bad_input", false), (bad.Failure!.Kind, bad.Failure.WorkerFault));
        Assert.True(Assert.Single(_silo.Registrations).AllowCommand);
    }

    [Fact]
    public async Task A_shared_blob_folder_is_used_instead_of_HTTP()
    {
        string blobs = _folder.File("blobs");
        await using var agent = AgentUnderTest.Start(_silo.Address, _folder, "--blobs", blobs);
        _silo.Offer(Work.Segment().As("1"));
        BlobReference parent = (await _silo.CompletionAsync("1")).Checkpoint!;
        _silo.Offer((Work.Segment() with { Parent = parent }).As("2"));

        Assert.Equal(CompletionOutcome.Succeeded, (await _silo.CompletionAsync("2")).Outcome);
        string path = Path.Combine(blobs, parent.Sha256[..2], parent.Sha256);
        Assert.Equal(parent.Bytes, new FileInfo(path).Length);
        Assert.Empty(_silo.Blobs);

        await File.WriteAllTextAsync(path, "changed", TestContext.Current.CancellationToken);
        _silo.Offer((Work.Segment() with { Parent = parent }).As("3"));

        Assert.Equal("no_parent", (await _silo.CompletionAsync("3")).Failure!.Kind);
    }

    [Fact]
    public async Task Metrics_are_there_where_they_are_asked_for()
    {
        int port = SiloStub.FreePort();
        await using var agent = AgentUnderTest.Start(_silo.Address, _folder, "--metrics", $"{port}");
        _silo.Offer(Work.Segment().As("1"));
        await _silo.CompletionAsync("1");
        await _silo.UntilAsync(() => _silo.Heartbeats[^1].Leases.Count == 0, "the receipt");

        using var http = new HttpClient();
        string metrics = await http.GetStringAsync($"http://127.0.0.1:{port}/metrics", TestContext.Current.CancellationToken);

        Assert.Contains("""orchestrator_agent_segments_total{outcome="succeeded",verdict="accepted"} 1""", metrics, StringComparison.Ordinal);
        Assert.Contains("orchestrator_agent_steps_total 5", metrics, StringComparison.Ordinal);
        Assert.Contains("orchestrator_agent_silo_reachable 1", metrics, StringComparison.Ordinal);
    }
}
