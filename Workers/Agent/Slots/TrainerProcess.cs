using System.Diagnostics;
using System.Threading.Channels;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Agent.Processes;

namespace Orchestrator.Workers.Agent.Slots;

/// <summary>A running trainer: its streams as messages, its end as one more message.</summary>
internal sealed class TrainerProcess
{
    /// <summary>Time an idle trainer has to close before it is killed.</summary>
    private static readonly TimeSpan CloseGrace = TimeSpan.FromSeconds(2);

    /// <summary>Time for the last output of a process that ended to be read; a child of it may hold the pipe open.</summary>
    private static readonly TimeSpan LastOutputGrace = TimeSpan.FromMilliseconds(500);

    private readonly Channel<byte[]> _requests = Channel.CreateUnbounded<byte[]>(new() { SingleReader = true });
    private readonly Process _process;
    private readonly ProcessLauncher _launcher;
    private readonly TimeProvider _time;
    private readonly LogTail _log;
    private readonly Action<SlotInput> _post;
    private readonly int _generation;

    private TrainerProcess(
        Process process, ProcessLauncher launcher, TimeProvider time, LogTail log, int generation, Action<SlotInput> post)
    {
        (_process, _launcher, _time, _log, _generation, _post) = (process, launcher, time, log, generation, post);
        Id = process.Id;
        _ = WriteAsync();
        Gone = WatchAsync(Task.WhenAll(ReadOutputAsync(), ReadErrorAsync()));
    }

    /// <summary>Process number; also of its group.</summary>
    internal int Id { get; }

    /// <summary>Ends when the process is gone and <see cref="SlotInput.Exited"/> was posted.</summary>
    internal Task Gone { get; }

    /// <summary>Starts the program of <paramref name="opening"/>.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be started.</exception>
    internal static async Task<TrainerProcess> StartAsync(
        TrainerOpening opening, ProcessLauncher launcher, TimeProvider time, LogTail log, int generation, Action<SlotInput> post)
    {
        Process process = await launcher.StartAsync(opening.Command, opening.Environment);
        return new TrainerProcess(process, launcher, time, log, generation, post);
    }

    /// <summary>Queues a request; a trainer that does not read holds up nobody.</summary>
    internal void Send(TrainerRequest request) => _requests.Writer.TryWrite([.. TrainerProtocol.WriteLine(request), (byte)'\n']);

    /// <summary>Kills the process and its group, at once or when it has not closed in time.</summary>
    internal void Discard(bool atOnce)
    {
        if (!atOnce)
        {
            Send(new CloseRequest());
        }

        _requests.Writer.TryComplete();
        _ = atOnce ? Task.Run(Kill) : KillLaterAsync();
    }

    private async Task KillLaterAsync()
    {
        Task first = await Task.WhenAny(Gone, Task.Delay(CloseGrace, _time));
        if (first != Gone)
        {
            Kill();
        }
    }

    private void Kill()
    {
        try
        {
            // The group may not exist yet, in the instant between fork and setsid: hence both.
            Storage.LibC.KillGroup(Id);
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // It ended by itself meanwhile.
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            Stream input = _process.StandardInput.BaseStream;
            await foreach (byte[] line in _requests.Reader.ReadAllAsync())
            {
                await input.WriteAsync(line);
                await input.FlushAsync();
            }

            _process.StandardInput.Close();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The trainer closed its input or ended; the latter is reported by WatchAsync.
        }
    }

    private async Task ReadOutputAsync()
    {
        try
        {
            await foreach (ProtocolLines.Line line in ProtocolLines.ReadAsync(_process.StandardOutput.BaseStream))
            {
                Read(line);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The pipe broke with the process.
        }
    }

    private void Read(ProtocolLines.Line line)
    {
        if (line.TooLong)
        {
            _log.Add(line.Bytes.Span);
            if (line.Bytes.Span.StartsWith("{"u8))
            {
                _post(new SlotInput.Broken(_generation, $"a line of more than {TrainerProtocol.MaxLineBytes} bytes"));
            }

            return;
        }

        try
        {
            if (TrainerProtocol.ReadReply(line.Bytes.Span) is { } reply)
            {
                _post(new SlotInput.Heard(_generation, reply));
                return;
            }
        }
        catch (TrainerProtocolException e)
        {
            _post(new SlotInput.Broken(_generation, e.Message));
        }

        _log.Add(line.Bytes.Span);
    }

    private async Task ReadErrorAsync()
    {
        try
        {
            await foreach (ProtocolLines.Line line in ProtocolLines.ReadAsync(_process.StandardError.BaseStream))
            {
                _log.Add(line.Bytes.Span);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The pipe broke with the process.
        }
    }

    private async Task WatchAsync(Task output)
    {
        await _process.WaitForExitAsync();
        _requests.Writer.TryComplete();
        _launcher.Bury(Id);
        await Task.WhenAny(output, Task.Delay(LastOutputGrace, _time));
        _post(new SlotInput.Exited(_generation, Describe(_process.ExitCode)));
        _process.Dispose();
    }

    private string Describe(int code)
    {
        // .NET reports the end by a signal as 128 + its number, as shells do.
        string how = code switch
        {
            134 => "The trainer aborted (SIGABRT, exit code 134).",
            137 => "The trainer was killed (SIGKILL, exit code 137); the system does so when memory is short.",
            139 => "The trainer crashed (SIGSEGV, exit code 139).",
            > 128 and < 160 => $"The trainer was ended by signal {code - 128} (exit code {code}).",
            _ => $"The trainer exited with code {code} in the middle of its work.",
        };
        string words = _log.LastWords();
        return words.Length == 0 ? how : $"{how} Its last words: {words}";
    }
}
