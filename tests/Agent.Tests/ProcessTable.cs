using System.Diagnostics;
using System.Globalization;

namespace Orchestrator.Agent.Tests;

/// <summary>Which processes are alive.</summary>
internal static class ProcessTable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Hangs = TimeSpan.FromSeconds(30);

    /// <summary>The process numbers the fake trainer wrote; waits until there are <paramref name="count"/>.</summary>
    internal static async Task<int[]> ReadAsync(string pidFile, int count)
    {
        using var hangs = new CancellationTokenSource(Hangs, TimeProvider.System);
        while (true)
        {
            string[] lines = File.Exists(pidFile) ? await File.ReadAllLinesAsync(pidFile, TestContext.Current.CancellationToken) : [];
            if (lines.Length >= count)
            {
                return [.. lines.Select(l => int.Parse(l, CultureInfo.InvariantCulture))];
            }

            await Task.Delay(Look, TimeProvider.System, hangs.Token);
        }
    }

    /// <summary>How long it takes until all of them are gone; a zombie is gone.</summary>
    internal static async Task<TimeSpan> GoneAsync(params IReadOnlyList<int> processes)
    {
        long started = Stopwatch.GetTimestamp();
        while (processes.Any(IsAlive))
        {
            if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(20))
            {
                throw new TimeoutException($"Still alive: {string.Join(", ", processes.Where(IsAlive))}");
            }

            await Task.Delay(Look, TimeProvider.System, TestContext.Current.CancellationToken);
        }

        return Stopwatch.GetElapsedTime(started);
    }

    internal static bool IsAlive(int process)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }
}
