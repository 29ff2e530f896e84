using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace Orchestrator.Workers.Agent.Silo;

/// <summary>
/// Whether the silo is there. Calls made through it are repeated until they are answered, at most a second apart, with
/// jitter so that a pool's agents do not come back in step.
/// </summary>
internal sealed partial class SiloLink
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Random _jitter;
    private readonly ResiliencePipeline _pipeline;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Uri _server;
    private long _lostAt;
    private Action<bool>[] _listeners = [];
    private bool? _lost;

    internal SiloLink(Uri server, int seed, TimeProvider time, ILogger logger)
    {
        (_server, _time, _logger) = (server, time, logger);
        _jitter = new Random(seed);
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<SiloUnreachableException>(),
                MaxRetryAttempts = int.MaxValue,
                DelayGenerator = retry => ValueTask.FromResult<TimeSpan?>(DelayBefore(retry.AttemptNumber)),
            })
            .Build();
    }

    /// <summary>
    /// Has <paramref name="listener"/> called with true when the silo answers for the first time or again, with false when
    /// it does not any more; as long as the link lives.
    /// </summary>
    internal void Listen(Action<bool> listener)
    {
        lock (_gate)
        {
            _listeners = [.. _listeners, listener];
        }
    }

    /// <summary>Whether the last call was not answered.</summary>
    internal bool IsLost
    {
        get
        {
            lock (_gate)
            {
                return _lost == true;
            }
        }
    }

    /// <summary>Makes a call once.</summary>
    /// <exception cref="SiloUnreachableException">It was not answered.</exception>
    internal async Task<T> TryAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken stopping)
    {
        try
        {
            T answer = await call(stopping);
            Answered();
            return answer;
        }
        catch (SiloRefusedException)
        {
            Answered();
            throw;
        }
        catch (SiloUnreachableException e)
        {
            Unanswered(e.Message);
            throw;
        }
    }

    /// <summary>Makes a call until it is answered.</summary>
    /// <exception cref="SiloRefusedException">The silo said no.</exception>
    internal async Task<T> InsistAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken stopping) =>
        await _pipeline.ExecuteAsync(
            static async (s, token) => await s.Link.TryAsync(s.Call, token), (Link: this, Call: call), stopping);

    /// <summary>Waits before a call is repeated.</summary>
    /// <param name="attempt">0 for the first repetition.</param>
    /// <param name="stopping">Ends the wait.</param>
    internal Task PauseAsync(int attempt, CancellationToken stopping) => Task.Delay(DelayBefore(attempt), _time, stopping);

    /// <summary>Doubling from 50 ms to a second, each time between half of that and all of it.</summary>
    internal TimeSpan DelayBefore(int attempt)
    {
        TimeSpan whole = attempt >= 5 ? LongestDelay : FirstDelay * (1 << attempt);
        lock (_gate)
        {
            return TimeSpan.FromTicks(Math.Min(whole.Ticks, LongestDelay.Ticks)) * (0.5 + (0.5 * _jitter.NextDouble()));
        }
    }

    private void Answered()
    {
        lock (_gate)
        {
            if (_lost == false)
            {
                return;
            }

            if (_lost == true)
            {
                LogRegained(_server, _time.GetElapsedTime(_lostAt).TotalSeconds);
            }

            _lost = false;
        }

        Tell(true);
    }

    private void Unanswered(string reason)
    {
        lock (_gate)
        {
            if (_lost == true)
            {
                return;
            }

            _lost = true;
            _lostAt = _time.GetTimestamp();
        }

        LogLost(_server, reason);
        Tell(false);
    }

    private void Tell(bool reachable)
    {
        foreach (Action<bool> listener in Volatile.Read(ref _listeners))
        {
            listener(reachable);
        }
    }

    [LoggerMessage(EventId = 10, Level = LogLevel.Warning,
        Message = "The silo at {Server} does not answer ({Reason}). What runs goes on, results are kept; trying again.")]
    private partial void LogLost(Uri server, string reason);

    [LoggerMessage(EventId = 11, Level = LogLevel.Information, Message = "The silo at {Server} answers again after {Seconds:0.0} s.")]
    private partial void LogRegained(Uri server, double seconds);
}
