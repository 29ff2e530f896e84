using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Trainers;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.EndToEnd.Tests.Documents;

/// <summary>What documents show beside commands: job files and pieces of them, protocol lines, links, names.</summary>
public sealed partial class DocumentedSnippetTests
{
    /// <summary>What may stand after a fence. sh is run, yaml and json are job files, jsonl is the trainer protocol; the rest is read by people only.</summary>
    private static readonly string[] Languages = ["sh", "yaml", "json", "jsonl", "python", "csharp", "xml", "text"];

    /// <summary>What a piece of a job file is put into: what it does not say itself is taken from here.</summary>
    private static readonly (string Key, string Line)[] Rest =
    [
        ("name", "name: piece"),
        ("trainer", "trainer: { workload: noisy-quadratic }"),
        ("objective", "objective: { metric: validation_loss, type: minimize }"),
        ("steps", "steps: 1100"),
    ];

    [Fact]
    public void Every_block_says_what_it_is() =>
        Assert.All(Markdown.AllBlocks(), block => Assert.True(Languages.Contains(block.Language), $"{block.Place}: '{block.Language}' is none of {string.Join(", ", Languages)}"));

    [Fact]
    public async Task Every_job_file_and_every_piece_of_one_is_what_its_document_says()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("schedule.csv"), "start,steps,from,to,reason\n0,1100,0.1,0,\"given\"\n");
        var blocks = new List<(MarkdownBlock Block, string File)>();
        foreach (MarkdownBlock block in Markdown.AllBlocks().Where(block => block.Language is "yaml" or "json" && block.NotRun is null && IsJob(block)))
        {
            string file = folder.File($"{blocks.Count}.{block.Language}");
            await File.WriteAllTextAsync(file, Whole(block).Replace("runs/digits/schedule.csv", "schedule.csv"), TestContext.Current.CancellationToken);
            blocks.Add((block, file));
        }

        string[] examples = [.. Directory.EnumerateFiles(Path.Combine(Executables.Root, "examples"), "*.yaml")];
        Assert.True(examples.Length >= 3 && blocks.Count > 10);
        (_, string text, string error) = await OrchestratorCommand.RunAsync(["schema", .. examples, .. blocks.Select(block => block.File)]);
        Assert.All(examples, example => Assert.Contains($"{example}: valid", text));
        Assert.All(blocks, one => Assert.True(
            text.Contains($"{one.File}: valid", StringComparison.Ordinal) != one.Block.IsRefused, $"{one.Block.Place}\n{one.Block.Text}{string.Join('\n', error.Split('\n').Where(line => line.StartsWith(one.File, StringComparison.Ordinal)))}"));
    }

    [Fact]
    public void Every_protocol_line_can_be_read()
    {
        int read = 0;
        foreach (MarkdownBlock block in Markdown.AllBlocks().Where(block => block.Language == "jsonl"))
        {
            foreach (string line in block.Lines)
            {
                byte[] bytes = Encoding.UTF8.GetBytes(line);
                try
                {
                    if (TrainerProtocol.ReadReply(bytes) is null)
                    {
                        TrainerProtocol.ReadRequest(bytes);
                    }

                    read++;
                }
                catch (TrainerProtocolException e)
                {
                    Assert.Fail($"{block.Place}: {line}\n{e.Message}");
                }
            }
        }

        Assert.True(read >= 8, $"{read} lines");
    }

    [Fact]
    public void Every_link_leads_somewhere()
    {
        foreach (string document in Markdown.Documents)
        {
            foreach (string link in Markdown.Links(document))
            {
                string[] parts = link.Split('#');
                string target = parts[0].Length == 0 ? document : Path.Combine(Path.GetDirectoryName(document)!, parts[0]);
                string full = Markdown.FullPath(target);
                Assert.True(File.Exists(full) || Directory.Exists(full), $"{document}: {link}");
                Assert.True(parts.Length == 1 || Markdown.Anchors(target).Contains(parts[1]), $"{document}: {link}");
            }
        }
    }

    [Fact]
    public void Every_document_can_be_reached_from_the_index()
    {
        var reached = new HashSet<string>(StringComparer.Ordinal) { "README.md" };
        var open = new Queue<string>(reached);
        while (open.TryDequeue(out string? document))
        {
            foreach (string link in Markdown.Links(document).Select(link => link.Split('#')[0]).Where(link => link.EndsWith(".md", StringComparison.Ordinal)))
            {
                string target = Path.GetRelativePath(Executables.Root, Path.GetFullPath(Path.Combine(Executables.Root, Path.GetDirectoryName(document)!, link)));
                if (reached.Add(target))
                {
                    open.Enqueue(target);
                }
            }
        }

        Assert.Empty(Markdown.Documents.Where(document => document.StartsWith("docs", StringComparison.Ordinal)).Except(reached));
    }

    [Fact]
    public void Every_key_of_a_job_file_is_documented()
    {
        string text = File.ReadAllText(Markdown.FullPath("docs/job-file.md"));
        using JsonDocument schema = JsonDocument.Parse(JobSchema.Text);
        Assert.All(Keys(schema.RootElement).Distinct(), key => Assert.Contains($"`{key}`", text));
    }

    [Fact]
    public void Every_metric_is_documented_and_every_documented_metric_is_there()
    {
        string text = File.ReadAllText(Markdown.FullPath("docs/cluster.md"));
        string[] made =
        [
            .. ((string[])["Silo", "Workers/Agent"]).SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Executables.Root, folder), "*Metrics.cs", SearchOption.AllDirectories))
                .SelectMany(file => MetricInCode().Matches(File.ReadAllText(file))).Select(match => match.Groups["name"].Value).Order(StringComparer.Ordinal),
        ];
        Assert.True(made.Length > 10);
        Assert.Equal(made, MetricInText().Matches(text).Select(match => match.Groups["name"].Value).Distinct().Order(StringComparer.Ordinal));
    }

    /// <summary>JSON that is no job is some other file, which the commands after it read.</summary>
    private static bool IsJob(MarkdownBlock block)
    {
        if (block.Language != "json")
        {
            return true;
        }

        using JsonDocument document = JsonDocument.Parse(block.Text);
        return document.RootElement.TryGetProperty("trainer", out _);
    }

    /// <summary>A job file of its own, or the piece with what it lacks.</summary>
    private static string Whole(MarkdownBlock block) => block.Language == "json"
        ? block.Text
        : block.Text + string.Concat(Rest.Where(rest => !block.Lines.Any(line => line.StartsWith(rest.Key + ":", StringComparison.Ordinal))).Select(rest => rest.Line + "\n"));

    private static IEnumerable<string> Keys(JsonElement schema) => schema.ValueKind switch
    {
        JsonValueKind.Object => schema.EnumerateObject().SelectMany(member => member.NameEquals("properties")
            ? member.Value.EnumerateObject().SelectMany(key => Keys(key.Value).Prepend(key.Name))
            : Keys(member.Value)),
        JsonValueKind.Array => schema.EnumerateArray().SelectMany(Keys),
        _ => [],
    };

    [GeneratedRegex("\"(?<name>orchestrator_[a-z_]+)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex MetricInCode();

    [GeneratedRegex("`(?<name>orchestrator_[a-z_]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex MetricInText();
}
