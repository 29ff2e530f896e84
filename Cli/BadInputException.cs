using Orchestrator.Cli.JobFiles;

namespace Orchestrator.Cli;

/// <summary>The user asked for something that cannot be: print it and exit with <see cref="ExitCodes.BadInput"/>.</summary>
internal sealed class BadInputException : Exception
{
    /// <summary>One thing is wrong.</summary>
    public BadInputException(string message)
        : base(message) => Problems = [];

    /// <summary>A file is wrong in these places.</summary>
    public BadInputException(IReadOnlyList<FileProblem> problems)
        : base(string.Join(Environment.NewLine, problems)) => Problems = problems;

    /// <summary>What is wrong in files; empty when <see cref="Exception.Message"/> says it all.</summary>
    public IReadOnlyList<FileProblem> Problems { get; }
}
