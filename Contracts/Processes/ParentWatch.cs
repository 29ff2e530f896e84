using System.Globalization;

namespace Orchestrator.Contracts.Processes;

/// <summary>Notices the end of the process that started this one.</summary>
public static class ParentWatch
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);

    /// <summary>Ends when the process is gone; a later process under the same number is not taken for it.</summary>
    public static async Task GoneAsync(int processId, TimeProvider time, CancellationToken stopping)
    {
        ArgumentNullException.ThrowIfNull(time);
        string? born = StartOf(processId);
        while (born is not null && StartOf(processId) == born)
        {
            await Task.Delay(Period, time, stopping);
        }
    }

    /// <summary>When a process started, as the kernel writes it; null where there is none, or only its zombie.</summary>
    private static string? StartOf(int processId)
    {
        try
        {
            string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));

            // Field 2 is the name in brackets and may hold anything; field 3 is the state, field 22 the start.
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : fields[22 - 3];
        }
        catch (IOException)
        {
            return null;
        }
    }
}
