using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orchestrator.Contracts.Leases;
using Orchestrator.TestKit;
using Orchestrator.Workers.Agent;
using Orchestrator.Workers.Agent.Checkpoints;
using Orchestrator.Workers.Agent.Leasing;
using Orchestrator.Workers.Agent.Results;
using Orchestrator.Workers.Agent.Silo;
using Prometheus;

namespace Orchestrator.Agent.Tests.Results;

public sealed class ResultDeliveryTests : IAsyncLifetime
{
    private const int NoSpaceLeft = 28;
    private static readonly BlobReference Blob = new(new string('b', 64), 3);

    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _life = new();
    private readonly ConcurrentQueue<Completion> _sent = new();
    private readonly Disk _disk = new();
    private readonly ResultSpool _spool;
    private readonly ResultDelivery _delivery;
    private readonly Task _running;
    private readonly FakeTimeProvider _clock = new();
    private Func<IReadOnlyList<Completion>, bool> _refuses = _ => false;
    private string? _leavesOut;

    public ResultDeliveryTests()
    {
        _spool = new ResultSpool(_folder.Path, NullLogger.Instance);
        _delivery = new ResultDelivery(
            SendAsync, _disk, _spool, new LeaseBoard(1), new AgentMetrics(Metrics.NewCustomRegistry()), NullLogger.Instance, _clock);
        _running = _delivery.RunAsync(_life.Token);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
        _life.Dispose();
        _folder.Dispose();
    }

    private Task<IReadOnlyDictionary<string, CompletionReceipt>> SendAsync(IReadOnlyList<Completion> batch, CancellationToken stopping)
    {
        if (_refuses(batch))
        {
            throw new SiloRefusedException(HttpStatusCode.BadRequest, "no");
        }

        foreach (Completion completion in batch)
        {
            Assert.True(!Directory.Exists(_folder.Path) || IsSpooled(completion.Token), "sent before it was spooled");
            _sent.Enqueue(completion);
        }

        return Task.FromResult<IReadOnlyDictionary<string, CompletionReceipt>>(
            batch.Where(c => c.Token != _leavesOut).ToDictionary(c => c.Token, c => new CompletionReceipt(c.Token, CompletionVerdict.Accepted)));
    }

    /// <summary>Looked for while results come and go: a file may be gone when it is opened.</summary>
    private bool IsSpooled(string token) => Directory.EnumerateFiles(_folder.Path, "*.json").Any(file =>
    {
        try
        {
            return File.ReadAllText(file).Contains($"\"{token}\"", StringComparison.Ordinal);
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    });

    private static FinishedSegment Finished(string token, bool checkpoint = false) =>
        new(
            new Completion
            {
                Token = token,
                Outcome = CompletionOutcome.Succeeded,
                Steps = 5,
                Checkpoint = checkpoint ? Blob : null,
            },
            checkpoint ? "/nowhere/checkpoint" : null);

    private static async Task Eventually(Func<bool> holds)
    {
        using var hangs = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
        while (!holds())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, hangs.Token);
        }
    }

    private async Task<Completion> DeliverAsync(FinishedSegment finished)
    {
        _ = _delivery.SubmitAsync(finished, _life.Token);
        await _delivery.AllDelivered.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        return _sent.Last();
    }

    [Fact]
    public async Task A_result_is_spooled_then_published_then_sent_then_forgotten()
    {
        Completion sent = await DeliverAsync(Finished("a", checkpoint: true));

        Assert.Equal(CompletionOutcome.Succeeded, sent.Outcome);
        Assert.Equal(["keep", "publish"], _disk.Calls);
        Assert.Empty(_spool.Load());
    }

    /// <summary>A slot waits for this before its next segment: a kill costs it no more than the one it runs.</summary>
    [Fact]
    public async Task A_result_that_was_submitted_is_on_disk_while_the_silo_is_away()
    {
        _disk.OnPublish = () => throw new OperationCanceledException("no silo, and the agent ends");

        await _delivery.SubmitAsync(Finished("a", checkpoint: true), _life.Token).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        Assert.Equal("a", Assert.Single(_spool.Load()).Token);
        Assert.Equal("keep", _disk.Calls[0]);
    }

    [Fact]
    public async Task A_defect_in_keeping_a_checkpoint_fails_the_segment_and_holds_up_nobody()
    {
        _disk.OnKeep = () => throw new InvalidOperationException("a defect");

        Completion sent = await DeliverAsync(Finished("a", checkpoint: true));

        Assert.Equal((CompletionOutcome.Failed, "error"), (sent.Outcome, sent.Failure!.Kind));
    }

    [Fact]
    public async Task A_full_disk_is_the_workers_fault()
    {
        _disk.OnKeep = () => throw new IOException("No space left on device", NoSpaceLeft);

        Completion sent = await DeliverAsync(Finished("a", checkpoint: true));

        Assert.Equal((CompletionOutcome.Failed, "no_space", true), (sent.Outcome, sent.Failure!.Kind, sent.Failure.WorkerFault));
        Assert.Null(sent.Checkpoint);
    }

    [Fact]
    public async Task A_checkpoint_that_is_lost_before_it_is_published_is_the_workers_fault()
    {
        _disk.OnPublish = () => throw new CheckpointLostException("gone");

        Completion sent = await DeliverAsync(Finished("a", checkpoint: true));

        Assert.Equal((CompletionOutcome.Failed, "error", true), (sent.Outcome, sent.Failure!.Kind, sent.Failure.WorkerFault));
    }

    [Fact]
    public async Task A_defect_in_publishing_a_checkpoint_fails_the_segment_and_holds_up_nobody()
    {
        _disk.OnPublish = () => throw new InvalidOperationException("a defect");

        Completion sent = await DeliverAsync(Finished("a", checkpoint: true));

        Assert.Equal((CompletionOutcome.Failed, "error", true), (sent.Outcome, sent.Failure!.Kind, sent.Failure.WorkerFault));
    }

    [Fact]
    public async Task A_result_that_cannot_be_spooled_is_sent_from_memory()
    {
        Directory.Delete(_folder.Path);

        Assert.Equal("a", (await DeliverAsync(Finished("a"))).Token);
    }

    [Fact]
    public async Task One_result_that_the_silo_refuses_does_not_hold_up_the_others()
    {
        _refuses = batch => batch.Any(c => c.Token == "bad");
        _ = _delivery.SubmitAsync(Finished("bad"), _life.Token);
        _ = _delivery.SubmitAsync(Finished("good"), _life.Token);

        await _delivery.AllDelivered.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        Assert.Equal("good", Assert.Single(_sent).Token);
        Assert.Single(Directory.GetFiles(_folder.Path, "*.refused"));
        Assert.Empty(_spool.Load());
    }

    /// <summary>A segment that nobody reports would be run again, and fail for a reason that is not its own.</summary>
    [Fact]
    public async Task What_the_silo_refuses_is_reported_to_it_as_failed()
    {
        _refuses = batch => batch.Any(c => c.Token == "bad" && c.Outcome == CompletionOutcome.Succeeded);

        Completion sent = await DeliverAsync(Finished("bad"));

        Assert.Equal(("bad", CompletionOutcome.Failed, "no"), (sent.Token, sent.Outcome, sent.Failure!.Message));
        Assert.Empty(_spool.Load());
    }

    /// <summary>Of a job that the silo cannot read now, say: the results of other jobs do not wait for it.</summary>
    [Fact]
    public async Task A_result_without_a_receipt_is_kept_and_sent_again_after_a_while()
    {
        _leavesOut = "later";
        _ = _delivery.SubmitAsync(Finished("later"), _life.Token);
        await Eventually(() => _sent.Any(c => c.Token == "later"));
        _ = _delivery.SubmitAsync(Finished("now"), _life.Token);
        await Eventually(() => _sent.Any(c => c.Token == "now") && !IsSpooled("now"));
        Assert.False(_delivery.AllDelivered.IsCompleted);

        _leavesOut = null;
        await Eventually(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(5));
            return _delivery.AllDelivered.IsCompleted;
        });

        Assert.Equal(["later", "now", "later"], _sent.Select(c => c.Token));
        Assert.Empty(_spool.Load());
    }

    [Fact]
    public async Task A_result_that_cannot_be_written_down_is_a_failed_one()
    {
        FinishedSegment finished = Finished("a");
        Completion sent = await DeliverAsync(
            finished with { Completion = finished.Completion with { Metrics = new Dictionary<string, double> { ["validation_loss"] = double.NaN } } });

        Assert.Equal((CompletionOutcome.Failed, "error"), (sent.Outcome, sent.Failure!.Kind));
    }

    [Fact]
    public void A_spool_keeps_what_it_can_read_and_sweeps_what_was_not_finished()
    {
        _spool.Add(Finished("a").Completion);
        _spool.Add(Finished("a").Completion with { Steps = 4 });
        File.WriteAllText(Path.Combine(_folder.Path, "0.json"), "{");
        File.WriteAllText(Path.Combine(_folder.Path, "0.json.1.tmp"), "{");

        _spool.Sweep();

        Assert.Equal(4, Assert.Single(_spool.Load()).Steps);
        Assert.Equal(2, Directory.GetFiles(_folder.Path).Length);
        _spool.Remove("a");
        Assert.Empty(_spool.Load());
    }

    /// <summary>Checkpoints whose disk does what the test wants.</summary>
    private sealed class Disk : ICheckpoints
    {
        internal List<string> Calls { get; } = [];

        internal Action OnKeep { get; set; } = () => { };

        internal Action OnPublish { get; set; } = () => { };

        public Task<CheckpointLoan> BorrowAsync(BlobReference blob, CancellationToken stopping) => throw new NotSupportedException();

        public Task KeepAsync(BlobReference blob, string file, CancellationToken stopping)
        {
            Calls.Add("keep");
            OnKeep();
            return Task.CompletedTask;
        }

        public void Resume(BlobReference blob) => throw new NotSupportedException();

        public Task PublishAsync(BlobReference blob, CancellationToken stopping)
        {
            Calls.Add("publish");
            OnPublish();
            return Task.CompletedTask;
        }
    }
}
