namespace Orchestrator.Workers.Agent.Storage;

/// <summary>Tells a full disk, or a used-up quota, from other input/output errors.</summary>
internal static class DiskFull
{
    private const int NoSpaceLeft = 28; // ENOSPC
    private const int QuotaExceeded = 122; // EDQUOT

    /// <summary>Whether <paramref name="error"/> says so; .NET keeps the system's number in HResult.</summary>
    internal static bool Is(Exception error) =>
        error is IOException { HResult: NoSpaceLeft or QuotaExceeded };
}
