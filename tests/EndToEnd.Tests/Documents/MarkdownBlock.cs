namespace Orchestrator.EndToEnd.Tests.Documents;

/// <summary>A fenced block of a document, and what stands above it; docs/README.md says what that means.</summary>
/// <param name="Document">Path from the root of the source tree.</param>
/// <param name="Line">Line of its opening fence, from 1.</param>
/// <param name="Language">What stands after the fence: sh, yaml, …</param>
/// <param name="Lines">What it holds.</param>
/// <param name="Above">The last line of text above it; empty = none.</param>
internal sealed record MarkdownBlock(string Document, int Line, string Language, IReadOnlyList<string> Lines, string Above)
{
    private const string NotRunMark = "> Not run by the tests: ";
    private const string RefusedMark = "> Refused: ";

    /// <summary>Why nobody runs it; null = the tests do.</summary>
    public string? NotRun => Above.StartsWith(NotRunMark, StringComparison.Ordinal) ? Above[NotRunMark.Length..].TrimEnd('.') : null;

    /// <summary>Whether it is a job file, or a piece of one, that is refused.</summary>
    public bool IsRefused => Above.StartsWith(RefusedMark, StringComparison.Ordinal);

    /// <summary>The file that it is: the line above ends in its name and a colon. Null = it is none.</summary>
    public string? File
    {
        get
        {
            string[] parts = Above.EndsWith("`:", StringComparison.Ordinal) ? Above[..^2].Split('`') : [];
            return parts.Length > 1 && parts[^1].Contains('.', StringComparison.Ordinal) && !parts[^1].Contains(' ', StringComparison.Ordinal) ? parts[^1] : null;
        }
    }

    /// <summary>All of it, a line feed after each line.</summary>
    public string Text => string.Concat(Lines.Select(line => line + "\n"));

    /// <summary>Where it is, for messages.</summary>
    public string Place => $"{Document}:{Line}";

    /// <summary>Its commands: without comments, continued lines joined.</summary>
    public IEnumerable<DocumentedCommand> Commands
    {
        get
        {
            string text = "";
            for (int i = 0; i < Lines.Count; i++)
            {
                (string code, string comment) = Split(Lines[i]);
                if (code.EndsWith('\\'))
                {
                    text += code[..^1];
                }
                else if ((text + code).Trim() is { Length: > 0 } command)
                {
                    yield return new DocumentedCommand($"{Document}:{Line + 1 + i}", command, comment);
                    text = "";
                }
            }
        }
    }

    private static (string Code, string Comment) Split(string line)
    {
        int at = line.StartsWith('#') ? 0 : line.IndexOf(" #", StringComparison.Ordinal);
        return at < 0 ? (line.TrimEnd(), "") : (line[..at].TrimEnd(), line[at..].Trim(' ', '#'));
    }
}

/// <summary>A line that a document tells its readers to type.</summary>
/// <param name="Place">Where it stands.</param>
/// <param name="Text">The command.</param>
/// <param name="Comment">What the document says of it.</param>
internal sealed record DocumentedCommand(string Place, string Text, string Comment)
{
    private const string ExitCode = "exit code ";

    /// <summary>The exit code it must have: the one its comment begins with, or 0.</summary>
    public int Code => Comment.StartsWith(ExitCode, StringComparison.Ordinal) ? Comment[ExitCode.Length] - '0' : 0;

    /// <summary>Whether it is a server, which runs until it is told to end.</summary>
    public bool IsServer => Code == 0
        && (Runs("orchestrator-silo") || Runs("orchestrator-agent") || Runs("orchestrator serve") || Runs("orchestrator worker"));

    /// <summary>Whether it only sets up the shell for the commands after it.</summary>
    public bool IsPrelude => Runs("export") || Runs("cd");

    /// <summary>Whether it is a benchmark.</summary>
    public bool IsBenchmark => Runs("dotnet run -c Release --project tests/Benchmarks --");

    /// <summary>Whether it begins with these words.</summary>
    public bool Runs(string words) => (Text + " ").StartsWith(words + " ", StringComparison.Ordinal) && !Text.Contains("--help", StringComparison.Ordinal);
}
