namespace Orchestrator.Cli.JobFiles;

/// <summary>Something wrong in a file, as it is printed: <c>FILE:LINE: key: what was found, what is allowed</c>.</summary>
/// <param name="File">As it was given on the command line.</param>
/// <param name="Line">From 1.</param>
/// <param name="Key">The key as people write it; empty where the text itself is broken.</param>
/// <param name="Message">What was found and what is allowed.</param>
internal sealed record FileProblem(string File, int Line, string Key, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => Key.Length == 0 ? $"{File}:{Line}: {Message}" : $"{File}:{Line}: {Key}: {Message}";
}
