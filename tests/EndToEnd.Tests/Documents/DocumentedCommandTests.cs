using System.Text.RegularExpressions;
using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.EndToEnd.Tests.Documents;

/// <summary>
/// Every command of README.md, CONTRIBUTING.md and docs is typed as it stands there, document by document, by a reader who
/// begins with a clone. A block that nobody can run says so to its readers, and is counted here.
/// </summary>
public sealed partial class DocumentedCommandTests(KnownRuns runs, ITestOutputHelper output) : IClassFixture<KnownRuns>, IAsyncDisposable
{
    /// <summary>The job of a reader whose document shows none.</summary>
    private const string SomeJob = """
        {
          "name": "some",
          "trainer": { "workload": "noisy-quadratic" },
          "objective": { "metric": "validation_loss", "type": "minimize" },
          "steps": 110,
          "schedule": { "algorithm": "autolrs", "range": { "min": 1e-4, "max": 0.3 } }
        }
        """;

    /// <summary>What commands print that have these words in them, whatever the document.</summary>
    private static readonly (string Command, string Answer)[] Answers =
    [
        ("/events", "event: job_ended"),
        ("pytorch", "def learning_rate(step):"),
        ("format=csv", "start,steps,from,to,reason"),
        ("5080/metrics", "orchestrator_queue_segments{"),
        ("9100/metrics", "orchestrator_agent_silo_reachable 1"),
        ("--describe", "\"type\": \"description\""),
    ];

    private readonly DocumentSession _reader = new(runs, output.WriteLine);

    /// <summary>Commands of blocks that are not run, by what their readers are told.</summary>
    private static readonly Dictionary<string, int> NotRun = new()
    {
        ["needs the network"] = 2, // `data fetch` is checked up to there by the tests of the command
        ["needs a second machine"] = 1,
        ["needs systemd and root"] = 2,
        ["builds what the tests are running from"] = 3,
        ["downloads 6 GB of CUDA libraries"] = 2,
    };

    public static TheoryData<string> WithCommands =>
        [.. Markdown.Documents.Where(document => Run(document).Any(block => block.Commands.Any(command => !command.IsBenchmark)))];

    [Theory]
    [MemberData(nameof(WithCommands))]
    public async Task The_commands_of_a_document_do_what_it_says(string document)
    {
        _reader.Open();
        _reader.Write("job.json", SomeJob);
        foreach (MarkdownBlock block in Markdown.Blocks(document).Where(block => block.NotRun is null && !block.IsRefused))
        {
            if (block.File is { } file)
            {
                _reader.Write(file, block.Text);
            }

            if (block.Language == "sh")
            {
                foreach (DocumentedCommand command in block.Commands.Where(command => command.Text != "./test" && !command.IsBenchmark))
                {
                    if (command.Text.StartsWith("curl ", StringComparison.Ordinal))
                    {
                        InstalledTool.Need("curl");
                    }

                    string answer = await _reader.TypeAsync(command);
                    Check(command);
                    Assert.All(Answers.Where(known => command.Text.Contains(known.Command, StringComparison.Ordinal)), known => Assert.Contains(known.Answer, answer));
                }
            }
        }
    }

    [Fact]
    public void Blocks_that_are_not_run_are_few_and_have_their_reasons()
    {
        Dictionary<string, int> found = Markdown.AllBlocks().Where(block => block.NotRun is not null)
            .GroupBy(block => block.NotRun!).ToDictionary(reason => reason.Key, reason => reason.Sum(block => block.Commands.Count()));
        Assert.Equal(NotRun.OrderBy(one => one.Key, StringComparer.Ordinal), found.OrderBy(one => one.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void The_commands_in_the_examples_are_commands_of_a_document()
    {
        string[] known = [.. Markdown.AllBlocks().Where(block => block.Language == "sh").SelectMany(block => block.Commands).Select(command => command.Text)];
        string[] typed =
        [
            .. Directory.EnumerateFiles(Path.Combine(Executables.Root, "examples"), "*.yaml").SelectMany(File.ReadLines)
                .Where(line => line.StartsWith("#   ", StringComparison.Ordinal)).Select(line => line[4..].Split("  ")[0].Trim()),
        ];
        Assert.NotEmpty(typed);
        Assert.All(typed, line => Assert.Contains(line, known));
    }

    [Fact]
    public async Task Every_benchmark_is_documented_and_has_the_options_that_the_documents_name()
    {
        string help = await BenchmarkHelpAsync("");
        string[] names = [.. Subcommand().Matches(help[help.IndexOf("Commands:", StringComparison.Ordinal)..]).Select(match => match.Groups["name"].Value)];
        Assert.True(names.Length > 5, help);
        DocumentedCommand[] documented = [.. Markdown.AllBlocks().Where(b => b.Language == "sh").SelectMany(b => b.Commands).Where(c => c.IsBenchmark)];
        Assert.All(names, name => Assert.Contains(documented, command => command.Text.Contains($"-- {name}", StringComparison.Ordinal)));
        var helps = new Dictionary<string, string>();
        foreach (DocumentedCommand command in documented)
        {
            string[] words = command.Text.Split(" -- ")[1].Split(' ');
            Assert.True(names.Contains(words[0]), $"{command.Place}: there is no benchmark {words[0]}");
            string known = helps.TryGetValue(words[0], out string? read) ? read : helps[words[0]] = await BenchmarkHelpAsync(words[0]);
            Assert.All(words.Where(word => word.StartsWith("--", StringComparison.Ordinal)), option => Assert.Contains(option + " ", known));
        }
    }

    public ValueTask DisposeAsync() => _reader.DisposeAsync();

    private static IEnumerable<MarkdownBlock> Run(string document) => Markdown.Blocks(document).Where(block => block.Language == "sh" && block.NotRun is null);

    /// <summary>What a command of this kind leaves behind, whatever the document.</summary>
    private void Check(DocumentedCommand command)
    {
        if (command.Code != 0 || DocumentSession.JobOf().Match(command.Text) is not { Success: true } run)
        {
            return;
        }

        string name = OutputOf().Match(command.Text) is { Success: true } given
            ? given.Groups["folder"].Value
            : Path.Combine("runs", NameOf().Match(File.ReadAllText(_reader.File(run.Groups["file"].Value))).Groups["name"].Value);
        string left = _reader.File(name);
        Assert.All((string[])["result.json", "schedule.csv", "model.safetensors", "report.html"], file => Assert.True(File.Exists(Path.Combine(left, file)), file));
        Assert.Equal(JobStatus.Succeeded, OrchestratorCommand.ReadResult(left).Status);
    }

    private static async Task<string> BenchmarkHelpAsync(string name)
    {
        await using ProgramProcess process = ProgramProcess.Start(
            Executables.Path("Benchmarks", "Benchmarks"), [.. name.Length == 0 ? (string[])[] : [name], "--help"]);
        await process.ExitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        return process.Out;
    }

    [GeneratedRegex(@"--out (?<folder>\S+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex OutputOf();

    [GeneratedRegex(@"^name: (?<name>\S+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex NameOf();

    [GeneratedRegex(@"^  (?<name>[a-z][a-z-]+)\b", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Subcommand();
}
