namespace Orchestrator.EndToEnd.Tests.Documents;

/// <summary>The commands that documents tell their readers to type.</summary>
internal static class ShellBlocks
{
    /// <summary>Lines of the fenced sh blocks of a Markdown file, without comments.</summary>
    public static IReadOnlyList<string> Of(string markdown)
    {
        var commands = new List<string>();
        bool inside = false;
        foreach (string line in File.ReadLines(markdown))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                inside = !inside && line is "```sh" or "```bash";
            }
            else if (inside && Command(line) is { Length: > 0 } command)
            {
                commands.Add(command);
            }
        }

        return commands;
    }

    /// <summary>Indented commands within the comments of a job file.</summary>
    public static IReadOnlyList<string> OfComments(string job) =>
    [
        .. File.ReadLines(job).Where(line => line.StartsWith("#   ", StringComparison.Ordinal))
            .Select(line => line[4..].Split("  ")[0].Trim()),
    ];

    private static string Command(string line)
    {
        int comment = line.IndexOf(" #", StringComparison.Ordinal);
        return (line.StartsWith('#') ? "" : comment < 0 ? line : line[..comment]).Trim();
    }
}
