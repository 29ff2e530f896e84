using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.TestKit;

namespace Orchestrator.Agent.Tests.EndToEnd;

/// <summary>The agent's executable, its trainer's process and a silo over a socket.</summary>
public sealed class SegmentTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private SiloStub _silo = null!;
    private AgentUnderTest _agent = null!;

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

    [Fact]
    public async Task A_segment_is_run_and_its_checkpoint_is_there_before_its_result()
    {
        _silo.Offer((Work.Segment() with { Validate = new ValidationRequest { AtEnd = true } }).As("one"));

        Completion completion = await _silo.CompletionAsync("one");

        Assert.Equal(CompletionOutcome.Succeeded, completion.Outcome);
        Assert.Equal(5, completion.Steps);
        Assert.Equal(0.5, completion.Metrics!["validation_loss"]);
        Assert.Equal(5, Assert.Single(completion.Validations!).Step);
        Assert.Equal(5, SeriesCsv.Parse(Encoding.UTF8.GetBytes(completion.Series!)).Count);
        Assert.Equal(0.25, completion.Seconds!.Training);
        byte[] checkpoint = _silo.Blobs[completion.Checkpoint!.Sha256];
        Assert.Equal(completion.Checkpoint.Bytes, checkpoint.Length);
        WorkerRegistration registration = Assert.Single(_silo.Registrations);
        Assert.Equal("fake-digest", Assert.Single(registration.Trainers).Description.Trainer.Digest);
        Assert.Null(registration.Trainers[0].Name);
    }

    /// <summary>The lease ahead waits for as long as the one before it runs; its seconds are those of its slot.</summary>
    [Fact]
    public async Task A_segment_is_not_charged_for_the_time_it_waits_for_its_slot()
    {
        string gate = _folder.File("gate");
        SegmentWork work = Work.Segment("", ("at", 3), ("gate", gate));
        _silo.Offer(work.As("one"), work.As("ahead"));
        await _silo.UntilAsync(() => _silo.Heartbeats.Any(heartbeat => heartbeat.Leases.Count == 2), "both leases");
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);

        Completion one = await _silo.CompletionAsync("one");
        Completion ahead = await _silo.CompletionAsync("ahead");

        Assert.True(ahead.Seconds!.Total < one.Seconds!.Total, $"{ahead.Seconds.Total} s, and the one that held the slot {one.Seconds.Total} s");
    }

    [Fact]
    public async Task Segments_of_one_job_share_a_process_and_another_seed_gets_another()
    {
        string pids = _folder.File("pids");
        SegmentWork work = Work.Segment("", ("pidFile", pids));
        _silo.Offer(work.As("1"));
        Completion first = await _silo.CompletionAsync("1");
        SegmentWork next = work with { Parent = first.Checkpoint, Start = 5, Plan = work.Plan.Trim(5, 5) };
        _silo.Offer(next.As("2"), (work with { Seed = 2 }).As("3"));

        Completion second = await _silo.CompletionAsync("2");
        await _silo.CompletionAsync("3");

        Assert.Equal(CompletionOutcome.Succeeded, second.Outcome);
        Assert.Contains($"parent {first.Checkpoint!.Sha256} start 5", Encoding.UTF8.GetString(_silo.Blobs[second.Checkpoint!.Sha256]));
        int[] processes = await ProcessTable.ReadAsync(pids, 2);
        Assert.Equal(2, processes.Length);
        await ProcessTable.GoneAsync(processes[0]);
        Assert.True(ProcessTable.IsAlive(processes[1]));
    }

    [Theory]
    [InlineData("abort", "crashed", "SIGABRT")]
    [InlineData("exit", "crashed", "code 3")]
    [InlineData("malformed", "protocol", "`done`")]
    [InlineData("too_long", "protocol", "bytes")]
    [InlineData("wrong_rates", "wrong_rates", "step 4")]
    [InlineData("wrong_hash", "protocol", "SHA-256")]
    [InlineData("too_few_steps", "protocol", "after 4 steps")]
    [InlineData("no_series", "protocol", "series")]
    [InlineData("no_space", "no_space", "as I was told")]
    [InlineData("bad_input", "bad_input", "as I was told")]
    public async Task What_goes_wrong_is_reported_and_the_next_segment_runs(string behave, string kind, string says)
    {
        _silo.Offer(Work.Segment(behave, ("at", 2)).As("bad"), Work.Segment().As("good"));

        Completion bad = await _silo.CompletionAsync("bad");
        Completion good = await _silo.CompletionAsync("good");

        Assert.Equal(CompletionOutcome.Failed, bad.Outcome);
        Assert.Equal(kind, bad.Failure!.Kind);
        Assert.Contains(says, bad.Failure.Message, StringComparison.Ordinal);
        Assert.Equal(kind == "no_space", bad.Failure.WorkerFault);
        Assert.Null(bad.Checkpoint);
        Assert.Equal(CompletionOutcome.Succeeded, good.Outcome);
    }

    [Fact]
    public async Task The_last_words_of_a_trainer_are_in_message_and_log()
    {
        _silo.Offer(Work.Segment("exit").As("bad"));

        Completion bad = await _silo.CompletionAsync("bad");

        Assert.Contains("I give up", bad.Failure!.Message, StringComparison.Ordinal);
        Assert.Contains("I give up", bad.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hang")]
    [InlineData("mute")]
    [InlineData("garbage")]
    public async Task Silence_is_a_hang_within_two_seconds(string behave)
    {
        const double hang = 3; // Until the trainer has opened its input, its start counts as well.
        string pids = _folder.File("pids");
        _silo.Offer(Work.Segment(behave, ("pidFile", pids)).WithHang(hang).As("bad"));
        int[] processes = await ProcessTable.ReadAsync(pids, 1);
        long began = Stopwatch.GetTimestamp();

        Completion bad = await _silo.CompletionAsync("bad");

        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, hang + 2);
        Assert.Equal("hung", bad.Failure!.Kind);
        await ProcessTable.GoneAsync(processes);
        Assert.Equal(behave == "garbage", bad.Log?.Contains("lorem ipsum", StringComparison.Ordinal) ?? false);
    }

    [Fact]
    public async Task Too_much_memory_is_a_failure()
    {
        SegmentWork work = Work.Segment("memory");
        _silo.Offer((work with { Trainer = work.Trainer with { MemoryBytes = 128 << 20 } }).As("bad"));

        Completion bad = await _silo.CompletionAsync("bad");

        Assert.Equal("memory_limit", bad.Failure!.Kind);
        Assert.Contains($"{128 << 20}", bad.Failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("abort")]
    [InlineData("exit")]
    public async Task A_trainer_that_dies_is_reported_within_two_seconds(string behave)
    {
        string pids = _folder.File("pids");
        string gate = _folder.File("gate");
        _silo.Offer(Work.Segment(behave, ("at", 2), ("gate", gate), ("pidFile", pids)).As("bad"));
        int[] processes = await ProcessTable.ReadAsync(pids, 1);
        await File.WriteAllTextAsync(gate, "", TestContext.Current.CancellationToken);
        await ProcessTable.GoneAsync(processes);
        long began = Stopwatch.GetTimestamp();

        Completion bad = await _silo.CompletionAsync("bad");

        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 2);
        Assert.Equal("crashed", bad.Failure!.Kind);
    }

    [Fact]
    public async Task Divergence_is_an_outcome_of_its_own()
    {
        _silo.Offer(Work.Segment("diverge", ("at", 3)).As("one"));

        Completion completion = await _silo.CompletionAsync("one");

        Assert.Equal(CompletionOutcome.Diverged, completion.Outcome);
        Assert.Equal(3, completion.Steps);
        Assert.Equal((3, 1.5), (completion.Failure!.Step!.Value, completion.Failure.LastFiniteLoss!.Value));
    }

    [Fact]
    public async Task Talk_that_is_no_message_is_log_of_at_most_64_KiB()
    {
        _silo.Offer(Work.Segment("chatty").As("one"));

        Completion completion = await _silo.CompletionAsync("one");

        Assert.Equal(CompletionOutcome.Succeeded, completion.Outcome);
        Assert.InRange(Encoding.UTF8.GetByteCount(completion.Log!), 60 << 10, 64 << 10);
        Assert.Contains("line 3999 ", completion.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_is_refused_where_it_is_not_allowed()
    {
        SegmentWork work = Work.Segment();
        _silo.Offer((work with { Trainer = new TrainerSelection { Command = ["python3", "train.py"] } }).As("bad"));

        Completion bad = await _silo.CompletionAsync("bad");

        Assert.Equal("bad_input", bad.Failure!.Kind);
        Assert.Contains("--allow-command", bad.Failure.Message, StringComparison.Ordinal);
        Assert.False(bad.Failure.WorkerFault);
    }

    [Fact]
    public async Task A_trainer_with_another_digest_than_the_job_was_placed_on_is_the_workers_fault()
    {
        _silo.Offer((Work.Segment() with { TrainerDigest = "another" }).As("bad"));

        Completion bad = await _silo.CompletionAsync("bad");

        Assert.Equal("spawn", bad.Failure!.Kind);
        Assert.True(bad.Failure.WorkerFault);
    }

    [Fact]
    public async Task A_parent_that_no_silo_has_is_the_workers_fault()
    {
        _silo.Offer((Work.Segment() with { Parent = new BlobReference(new string('a', 64), 7) }).As("bad"));

        Completion bad = await _silo.CompletionAsync("bad");

        Assert.Equal("no_parent", bad.Failure!.Kind);
        Assert.True(bad.Failure.WorkerFault);
    }

    [Fact]
    public async Task A_cached_checkpoint_whose_bytes_were_changed_is_fetched_anew()
    {
        _silo.Offer(Work.Segment().As("1"));
        BlobReference parent = (await _silo.CompletionAsync("1")).Checkpoint!;
        string cached = Path.Combine(_folder.Path, "state", "checkpoints", parent.Sha256[..2], parent.Sha256);
        byte[] bytes = await File.ReadAllBytesAsync(cached, TestContext.Current.CancellationToken);
        bytes[3] ^= 1;
        await File.WriteAllBytesAsync(cached, bytes, TestContext.Current.CancellationToken);

        _silo.Offer((Work.Segment() with { Parent = parent }).As("2"));

        Assert.Equal(CompletionOutcome.Succeeded, (await _silo.CompletionAsync("2")).Outcome);
        Assert.Equal(parent.Sha256, Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(cached, TestContext.Current.CancellationToken))));
        await _agent.SaidAsync("was changed on disk");
    }

    [Fact]
    public async Task A_checkpoint_that_is_changed_everywhere_is_lost()
    {
        _silo.Offer(Work.Segment().As("1"));
        BlobReference parent = (await _silo.CompletionAsync("1")).Checkpoint!;
        _silo.Blobs[parent.Sha256][3] ^= 1;
        File.Delete(Path.Combine(_folder.Path, "state", "checkpoints", parent.Sha256[..2], parent.Sha256));

        _silo.Offer((Work.Segment() with { Parent = parent }).As("2"));

        Completion bad = await _silo.CompletionAsync("2");
        Assert.Equal(("no_parent", true), (bad.Failure!.Kind, bad.Failure.WorkerFault));
    }
}
