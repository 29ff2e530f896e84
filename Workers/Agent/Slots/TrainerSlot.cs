using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Agent.Processes;

namespace Orchestrator.Workers.Agent.Slots;

/// <summary>How a segment ended, and what its trainer had to say.</summary>
internal sealed record SlotResult(SegmentVerdict Verdict, string? Log);

/// <summary>
/// One slot: at most one warm trainer process and one segment. A thin shell that performs what
/// <see cref="SlotMachine"/> decides, one input at a time.
/// </summary>
internal sealed partial class TrainerSlot : IAsyncDisposable
{
    /// <summary>How often silence and memory are looked at: half of what a fault may go unreported.</summary>
    internal static readonly TimeSpan WatchPeriod = TimeSpan.FromMilliseconds(500);

    private readonly Channel<SlotInput> _inputs = Channel.CreateUnbounded<SlotInput>(new() { SingleReader = true });
    private readonly ProcessLauncher _launcher;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly long _origin;
    private readonly ITimer _timer;
    private readonly Task _loop;
    private readonly List<TrainerProcess> _ending = [];
    private LogTail _log = new();
    private volatile TrainerProcess? _process;
    private TaskCompletionSource<SlotResult>? _result;
    private Action<ProgressReply>? _progress;
    private SlotState _state = SlotState.Initial;

    internal TrainerSlot(ProcessLauncher launcher, TimeProvider time, ILogger logger)
    {
        (_launcher, _time, _logger) = (launcher, time, logger);
        _origin = time.GetTimestamp();
        _loop = WorkAsync();
        _timer = time.CreateTimer(_ => Look(), null, WatchPeriod, WatchPeriod);
    }

    /// <summary>Runs a segment to its end; one at a time. It always ends: see <see cref="SegmentVerdict"/>.</summary>
    /// <param name="assignment">The segment.</param>
    /// <param name="progress">Called for each report of the trainer.</param>
    internal Task<SlotResult> RunAsync(Assignment assignment, Action<ProgressReply> progress)
    {
        var result = new TaskCompletionSource<SlotResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Interlocked.CompareExchange(ref _result, result, null) is not null)
        {
            throw new InvalidOperationException("A slot runs one segment at a time.");
        }

        _progress = progress;
        _log.Clear();
        _inputs.Writer.TryWrite(new SlotInput.Assigned(assignment));
        return result.Task;
    }

    /// <summary>Asks the running segment to stop; without one it does nothing.</summary>
    internal void Stop(StopReason reason) => _inputs.Writer.TryWrite(new SlotInput.StopAsked(reason));

    /// <summary>Kills the trainer, if there is one, and waits until it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        _inputs.Writer.TryComplete();
        await _loop;
        Interlocked.Exchange(ref _result, null)?.SetResult(new SlotResult(new SegmentVerdict.Released(_state.Steps), _log.Text()));
        if (_process is { } process)
        {
            process.Discard(atOnce: true);
            _ending.Add(process);
        }

        await Task.WhenAll(_ending.Select(p => p.Gone));
    }

    private void Look()
    {
        _inputs.Writer.TryWrite(new SlotInput.Tick());
        SlotState state = Volatile.Read(ref _state);
        if (state.Assignment?.MemoryBytes is not null && _process is { } process)
        {
            _inputs.Writer.TryWrite(new SlotInput.MemoryRead(state.Generation, ProcessMemory.Resident(process.Id)));
        }
    }

    private async Task WorkAsync()
    {
        await foreach (SlotInput input in _inputs.Reader.ReadAllAsync())
        {
            (SlotState next, IReadOnlyList<SlotEffect> effects) = SlotMachine.Step(_state, input, _time.GetElapsedTime(_origin));
            Volatile.Write(ref _state, next);
            foreach (SlotEffect effect in effects)
            {
                await PerformAsync(effect);
            }
        }
    }

    private async Task PerformAsync(SlotEffect effect)
    {
        switch (effect)
        {
            case SlotEffect.Start start:
                await StartAsync(start);
                break;
            case SlotEffect.Send send:
                _process?.Send(send.Request);
                break;
            case SlotEffect.Discard discard when _process is { } process:
                process.Discard(discard.AtOnce);
                _ending.RemoveAll(p => p.Gone.IsCompleted);
                _ending.Add(process);
                _process = null;
                break;
            case SlotEffect.Report report:
                _progress?.Invoke(report.Progress);
                break;
            case SlotEffect.Conclude conclude:
                _progress = null;
                Interlocked.Exchange(ref _result, null)?.SetResult(new SlotResult(conclude.Verdict, _log.Text()));
                break;
        }
    }

    private async Task StartAsync(SlotEffect.Start start)
    {
        // A log of its own, so that the last words of the process before do not mix with this one's.
        _log = new LogTail();
        try
        {
            _process = await TrainerProcess.StartAsync(
                start.Opening, _launcher, _time, _log, start.Generation, input => _inputs.Writer.TryWrite(input));
            LogStarted(_process.Id, start.Opening.Command);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException or InvalidOperationException)
        {
            string message = $"The trainer {start.Opening.Command.Program} cannot be started: {e.Message}";
            _inputs.Writer.TryWrite(new SlotInput.NotStarted(start.Generation, message));
        }
    }

    [LoggerMessage(EventId = 12, Level = LogLevel.Information, Message = "Trainer {Process} started: {Command}")]
    private partial void LogStarted(int process, Trainers.TrainerCommand command);
}
