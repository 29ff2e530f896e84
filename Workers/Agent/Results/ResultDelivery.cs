using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Orchestrator.Contracts.Leases;
using Orchestrator.Workers.Agent.Checkpoints;
using Orchestrator.Workers.Agent.Leasing;
using Orchestrator.Workers.Agent.Silo;
using Orchestrator.Workers.Agent.Storage;

namespace Orchestrator.Workers.Agent.Results;

/// <summary>Sends results, insists until a silo has answered, and returns receipts by token; those left out are to be sent again.</summary>
/// <exception cref="SiloRefusedException">The silo refuses the batch as a whole.</exception>
internal delegate Task<IReadOnlyDictionary<string, CompletionReceipt>> SendBatch(
    IReadOnlyList<Completion> batch, CancellationToken stopping);

/// <summary>
/// Brings results to the silo, in this order: the checkpoint is kept, the result is spooled, the checkpoint is
/// published, the result is sent, and only when the silo has answered is it forgotten. Slots do not wait for any of it.
/// </summary>
internal sealed partial class ResultDelivery
{
    private const int MostInBatch = 64;

    /// <summary>After which a result without a receipt is sent again: its job may be the only one that is troubled.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private const int MostBatchCharacters = 4 << 20;

    private readonly Channel<Completion> _ready = Channel.CreateUnbounded<Completion>(new() { SingleReader = true });
    private readonly SendBatch _send;
    private readonly ICheckpoints _checkpoints;
    private readonly ResultSpool _spool;
    private readonly LeaseBoard _board;
    private readonly AgentMetrics _metrics;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private TaskCompletionSource _allDelivered = new();
    private TaskCompletionSource _allSpooled = new();
    private int _undelivered;
    private int _unspooled;

    /// <param name="send">Sends a batch.</param>
    /// <param name="checkpoints">Where checkpoints go.</param>
    /// <param name="spool">Where results wait.</param>
    /// <param name="board">Is told which leases are done with.</param>
    /// <param name="metrics">Is told what was delivered.</param>
    /// <param name="logger">For people.</param>
    /// <param name="time">Waits before a result is sent again.</param>
    internal ResultDelivery(
        SendBatch send,
        ICheckpoints checkpoints,
        ResultSpool spool,
        LeaseBoard board,
        AgentMetrics metrics,
        ILogger logger,
        TimeProvider time)
    {
        (_send, _checkpoints, _spool, _board, _metrics, _logger, _time) = (send, checkpoints, spool, board, metrics, logger, time);
        _allDelivered.SetResult();
        _allSpooled.SetResult();
    }

    /// <summary>Ends when all results that were submitted are on disk.</summary>
    internal Task AllSpooled
    {
        get
        {
            lock (_gate)
            {
                return _allSpooled.Task;
            }
        }
    }

    /// <summary>Ends when all results that were submitted have been received.</summary>
    internal Task AllDelivered
    {
        get
        {
            lock (_gate)
            {
                return _allDelivered.Task;
            }
        }
    }

    /// <summary>Takes over the results of an earlier run.</summary>
    internal void Resume(IEnumerable<Completion> completions, CancellationToken stopping)
    {
        foreach (Completion completion in completions)
        {
            Count(undelivered: 1);
            if (completion.Checkpoint is { } blob)
            {
                _checkpoints.Resume(blob);
            }

            _ = PublishAsync(completion, stopping);
        }
    }

    /// <summary>Takes over a result; returns at once, a task that ends when a kill cannot take it any more.</summary>
    internal Task SubmitAsync(FinishedSegment finished, CancellationToken stopping)
    {
        Count(undelivered: 1, unspooled: 1);
        var kept = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = Task.Run(() => KeepAsync(finished, kept, stopping), CancellationToken.None);
        return kept.Task;
    }

    /// <summary>Sends what is ready until it is stopped.</summary>
    internal async Task RunAsync(CancellationToken stopping)
    {
        Completion? left = null;
        while (left is not null || await _ready.Reader.WaitToReadAsync(stopping))
        {
            List<Completion> batch = left is null ? [] : [left];
            left = null;
            long characters = batch.Sum(Characters);
            while (batch.Count < MostInBatch && _ready.Reader.TryRead(out Completion? next))
            {
                characters += Characters(next);
                if (batch.Count > 0 && characters > MostBatchCharacters)
                {
                    left = next;
                    break;
                }

                batch.Add(next);
            }

            await SendAsync(batch, stopping);
        }
    }

    private static long Characters(Completion completion) =>
        (completion.Series?.Length ?? 0) + (completion.Log?.Length ?? 0) + 1024;

    private async Task KeepAsync(FinishedSegment finished, TaskCompletionSource kept, CancellationToken stopping)
    {
        Completion completion = finished.Completion;
        try
        {
            if (finished.CheckpointFile is { } file)
            {
                // Not cancelled: what is finished is kept, whatever comes.
                await _checkpoints.KeepAsync(completion.Checkpoint!, file, CancellationToken.None);
            }
        }
        catch (Exception e)
        {
            // Whatever it is: the silo must hear of the segment, and the slot go on.
            completion = Failed(completion, e);
        }
        finally
        {
            if (finished.CheckpointFile is { } file)
            {
                DurableFile.DeleteQuietly(file);
            }
        }

        try
        {
            Spool(completion);
        }
        catch (Exception e)
        {
            // What cannot be written down cannot be sent either.
            completion = Failed(completion, e);
            Spool(completion);
        }
        finally
        {
            Count(unspooled: -1);
            kept.SetResult();
        }

        await PublishAsync(completion, stopping);
    }

    private void Spool(Completion completion)
    {
        try
        {
            _spool.Add(completion);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is still sent from memory; only a kill before that would lose it.
            LogNotSpooled(completion.Token.Length, e.Message);
        }
    }

    private async Task PublishAsync(Completion completion, CancellationToken stopping)
    {
        try
        {
            if (completion.Checkpoint is { } blob)
            {
                await _checkpoints.PublishAsync(blob, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return; // It is in the spool.
        }
        catch (Exception e)
        {
            // Whatever it is: a result of which nothing is sent, and whose lease is kept alive, ends no job.
            completion = Failed(completion, e);
            Spool(completion);
        }

        _ready.Writer.TryWrite(completion);
    }

    private async Task SendAsync(List<Completion> batch, CancellationToken stopping)
    {
        try
        {
            IReadOnlyDictionary<string, CompletionReceipt> receipts = await _send(batch, stopping);
            foreach (Completion completion in batch)
            {
                if (receipts.TryGetValue(completion.Token, out CompletionReceipt? receipt))
                {
                    Forget(completion, receipt);
                }
                else
                {
                    _ = SendAgainAsync(completion, stopping);
                }
            }
        }
        catch (SiloRefusedException) when (batch.Count > 1)
        {
            // One of them is at fault; the others must not suffer.
            foreach (Completion completion in batch)
            {
                await SendAsync([completion], stopping);
            }
        }
        catch (SiloRefusedException e) when (batch[0].Outcome == CompletionOutcome.Succeeded)
        {
            // The silo hears what became of it, once: a segment that nobody reports is run again and again.
            Completion failed = Failed(batch[0], e);
            Spool(failed);
            await SendAsync([failed], stopping);
        }
        catch (SiloRefusedException e)
        {
            LogRefused(e.Message);
            _spool.SetAside(batch[0].Token);
            _board.Received(batch[0].Token);
            Count(undelivered: -1);
        }
    }

    private async Task SendAgainAsync(Completion completion, CancellationToken stopping)
    {
        try
        {
            await Task.Delay(Pause, _time, stopping);
            _ready.Writer.TryWrite(completion);
        }
        catch (OperationCanceledException)
        {
            // It is in the spool.
        }
    }

    private void Forget(Completion completion, CompletionReceipt receipt)
    {
        if (receipt.Verdict == CompletionVerdict.Invalid)
        {
            LogInvalid(receipt.Message);
        }

        _spool.Remove(completion.Token);
        _board.Received(completion.Token);
        _metrics.Delivered(completion, receipt.Verdict);
        Count(undelivered: -1);
    }

    private static Completion Failed(Completion completion, Exception e)
    {
        (string kind, bool workerFault) = e switch
        {
            _ when DiskFull.Is(e) => ("no_space", true),
            CheckpointMismatchException => ("protocol", false),
            SiloRefusedException => ("error", false),
            _ => ("error", true),
        };
        string message = e is IOException ? $"The checkpoint cannot be written on this worker: {e.Message}" : e.Message;
        return new Completion
        {
            Token = completion.Token,
            Outcome = CompletionOutcome.Failed,
            Steps = completion.Steps,
            Seconds = completion.Seconds,
            Log = completion.Log,
            Failure = new SegmentFailure(kind, message, WorkerFault: workerFault),
        };
    }

    private void Count(int undelivered = 0, int unspooled = 0)
    {
        lock (_gate)
        {
            Change(ref _undelivered, undelivered, ref _allDelivered);
            Change(ref _unspooled, unspooled, ref _allSpooled);
            _metrics.Undelivered(_undelivered);
        }
    }

    private static void Change(ref int count, int by, ref TaskCompletionSource zero)
    {
        if (count == 0 && by > 0)
        {
            zero = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        count += by;
        if (count == 0 && by < 0)
        {
            zero.TrySetResult();
        }
    }

    [LoggerMessage(EventId = 6, Level = LogLevel.Error,
        Message = "A result (token of {Length} characters) could not be written to the spool: {Reason}. It is sent from memory.")]
    private partial void LogNotSpooled(int length, string reason);

    [LoggerMessage(EventId = 7, Level = LogLevel.Error, Message = "The silo refuses a result: {Reason}. It is set aside in the spool folder.")]
    private partial void LogRefused(string reason);

    [LoggerMessage(EventId = 8, Level = LogLevel.Warning, Message = "The silo found a result invalid: {Reason}")]
    private partial void LogInvalid(string? reason);
}
