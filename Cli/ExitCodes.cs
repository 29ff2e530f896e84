namespace Orchestrator.Cli;

/// <summary>What the command's exit code says.</summary>
internal static class ExitCodes
{
    /// <summary>Done; a job that was waited for succeeded.</summary>
    public const int Succeeded = 0;

    /// <summary>The job failed, was cancelled, or was left unfinished.</summary>
    public const int JobFailed = 1;

    /// <summary>Bad input: the message says what is wrong and what is allowed. Repeating changes nothing.</summary>
    public const int BadInput = 2;

    /// <summary>No server answers.</summary>
    public const int Unreachable = 3;
}
