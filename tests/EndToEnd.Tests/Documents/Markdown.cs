using System.Text.RegularExpressions;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.EndToEnd.Tests.Documents;

/// <summary>The documents of the source tree, and what is in them.</summary>
internal static partial class Markdown
{
    /// <summary>README.md, CONTRIBUTING.md and everything below docs and examples, from the root of the source tree.</summary>
    public static IReadOnlyList<string> Documents { get; } =
    [
        "README.md",
        "CONTRIBUTING.md",
        .. ((string[])["docs", "examples"])
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Executables.Root, folder), "*.md", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(Executables.Root, path)).Order(StringComparer.Ordinal),
    ];

    /// <summary>The fenced blocks of a document, in order.</summary>
    public static IReadOnlyList<MarkdownBlock> Blocks(string document)
    {
        var blocks = new List<MarkdownBlock>();
        List<string>? inside = null;
        string above = "";
        (string language, int start, int number) = ("", 0, 0);
        foreach (string line in File.ReadLines(FullPath(document)))
        {
            number++;
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                if (inside is null)
                {
                    (inside, language, start) = ([], line[3..].Trim(), number);
                    continue;
                }

                blocks.Add(new MarkdownBlock(document, start, language, inside, above));
                (inside, above) = (null, "");
            }
            else if (inside is not null)
            {
                inside.Add(line);
            }
            else if (line.Trim().Length > 0)
            {
                above = line.Trim();
            }
        }

        Assert.True(inside is null, $"{document}:{start}: the block is not closed");
        return blocks;
    }

    /// <summary>The blocks of all documents.</summary>
    public static IEnumerable<MarkdownBlock> AllBlocks() => Documents.SelectMany(Blocks);

    /// <summary>Where the links of a document lead, those into the web left out.</summary>
    public static IEnumerable<string> Links(string document) =>
        Link().Matches(WithoutBlocks(document)).Select(match => match.Groups["target"].Value).Where(target => !target.Contains("://", StringComparison.Ordinal));

    /// <summary>The anchors of a document's headings.</summary>
    public static IEnumerable<string> Anchors(string document) => WithoutBlocks(document).Split('\n')
        .Where(line => line.StartsWith('#'))
        .Select(line => NoAnchor().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    /// <summary>The text of a document, fenced blocks left out.</summary>
    public static string WithoutBlocks(string document)
    {
        bool inside = false;
        var text = new List<string>();
        foreach (string line in File.ReadLines(FullPath(document)))
        {
            bool fence = line.StartsWith("```", StringComparison.Ordinal);
            inside ^= fence;
            if (!inside && !fence)
            {
                text.Add(line);
            }
        }

        return string.Join('\n', text);
    }

    /// <summary>Path of a document.</summary>
    public static string FullPath(string document) => Path.Combine(Executables.Root, document);

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Link();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex NoAnchor();
}
