namespace Orchestrator.TestKit.Processes;

/// <summary>Waits for what other processes bring about, which nothing announces.</summary>
public static class Waiting
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <summary>Returns when the condition holds.</summary>
    /// <param name="condition">Asked again and again.</param>
    /// <param name="what">What is waited for, for the message.</param>
    /// <param name="limit">Says "it hangs", no more; null = two minutes.</param>
    /// <exception cref="TimeoutException">It does not come to hold.</exception>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? limit = null, CancellationToken ct = default)
    {
        TimeSpan most = limit ?? TimeSpan.FromMinutes(2);
        long began = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(began) > most)
            {
                throw new TimeoutException($"Waited for {most} in vain: {what}.");
            }

            await Task.Delay(Look, TimeProvider.System, ct);
        }
    }

    /// <inheritdoc cref="UntilAsync(Func{Task{bool}}, string, TimeSpan?, CancellationToken)"/>
    public static Task UntilAsync(Func<bool> condition, string what, TimeSpan? limit = null, CancellationToken ct = default) =>
        UntilAsync(() => Task.FromResult(condition()), what, limit, ct);
}
