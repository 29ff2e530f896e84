using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Orchestrator.Contracts.Client;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Data;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.EndToEnd.Tests.Documents;

/// <summary>
/// A reader who types what a document says: a shell in a folder that looks like a clone, with the built programs in its
/// path. What a document cannot know is put in its place: folders, ports, the job's id. Jobs and data are made small.
/// </summary>
internal sealed partial class DocumentSession(KnownRuns known, Action<string> output) : IAsyncDisposable
{
    private const string Text = "The quick brown fox jumps over the lazy dog, and nobody learns anything from it but how to spell.\n";
    private static readonly TimeSpan Hangs = TimeSpan.FromMinutes(5);
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _prelude = [];
    private readonly List<ProgramProcess> _servers = [];
    private readonly Dictionary<string, string> _known = new(StringComparer.Ordinal);
    private readonly int _port = FixedPort.Take();
    private readonly int _metrics = FixedPort.Take();
    private readonly List<string> _agents = [];

    /// <summary>A path in the reader's folder.</summary>
    public string File(string name) => _folder.File(name);

    /// <summary>Makes the folder. Call it once, before anything else.</summary>
    public void Open()
    {
        string bin = Directory.CreateDirectory(File("bin")).FullName;
        foreach ((string project, string program) in ((string, string)[])
            [("Cli", "orchestrator"), ("Silo", "orchestrator-silo"), ("Agent", "orchestrator-agent"), ("Trainer", "orchestrator-trainer")])
        {
            Script(Path.Combine(bin, program), $"exec '{Executables.Path(project, program)}' \"$@\"");
        }

        // It is built already: `dotnet run … --` comes to this.
        Script(Path.Combine(bin, "dotnet"), $"while [ \"$1\" != -- ]; do shift; done; shift; exec '{Executables.Path("Cli", "orchestrator")}' \"$@\"");
        Directory.CreateSymbolicLink(File("artifacts"), Path.Combine(Executables.Root, "artifacts"));
        Directory.CreateDirectory(File("examples"));
        Directory.CreateSymbolicLink(File("examples/data"), Executables.ShippedData);
        foreach (string example in Directory.EnumerateFiles(Path.Combine(Executables.Root, "examples"), "*.yaml"))
        {
            Write(Path.Combine("examples", Path.GetFileName(example)), System.IO.File.ReadAllText(example));
        }

        ImageFiles.Write(File("data/fashion-mnist"));
        Directory.CreateDirectory(File("data/tinyshakespeare"));
        System.IO.File.WriteAllText(File("data/tinyshakespeare/input.txt"), string.Concat(Enumerable.Repeat(Text, 200)));
    }

    /// <summary>
    /// Writes a file that a document shows. Jobs are made short, but for those that are to be long: fewer steps, and fewer
    /// stages and candidates of a search that the document leaves to its defaults.
    /// </summary>
    public void Write(string name, string text)
    {
        bool isJob = name.EndsWith(".yaml", StringComparison.Ordinal) || name.EndsWith(".json", StringComparison.Ordinal);
        bool isAnnealed = text.Contains("annealed", StringComparison.Ordinal) || !text.Contains("algorithm", StringComparison.Ordinal);
        if (isJob && Steps().IsMatch(text))
        {
            text = Steps().Replace(text, isAnnealed ? "${key}600" : "${key}110");
            text = text.Replace("  algorithm: autolrs\n", "  algorithm: autolrs\n  settings: { stageSteps: 55, candidates: 4 }\n")
                .Replace("\"algorithm\": \"autolrs\",", "\"algorithm\": \"autolrs\", \"settings\": { \"stageSteps\": 55, \"candidates\": 4 },");
        }

        System.IO.File.WriteAllText(File(name), text);
    }

    /// <summary>Types a command, waits for its end (or, of a server, until it serves), and holds it to its exit code.</summary>
    /// <returns>What it printed.</returns>
    public async Task<string> TypeAsync(DocumentedCommand command)
    {
        if (command.IsPrelude)
        {
            _prelude.Add(command.Text);
            return "";
        }

        string text = Here(command.Text);
        if (command.IsServer)
        {
            await ServeAsync(command, text);
            return "";
        }

        if (JobOf().Match(command.Text) is { Success: true } run && known.Restore(command.Text, File(run.Groups["file"].Value), File("runs")))
        {
            output($"$ {command.Text}\nas in an earlier document");
            return "";
        }

        await using ProgramProcess shell = Start(text);
        int code = await shell.ExitAsync(Hangs, TestContext.Current.CancellationToken);
        output($"$ {command.Text}\n{shell.Out}{shell.Error}");
        Assert.True(code == command.Code, $"{command.Place}: {command.Text}: exit code {code}\n{shell.Out}\n{shell.Error}\n{string.Concat(_servers.Where(s => s.IsAlive).Select(s => s.Error))}");
        Assert.False(Problem().IsMatch(shell.Out), $"{command.Place}: {command.Text}: {shell.Out}");
        Learn(command.Text, shell.Out);
        if (command.Code == 0 && JobOf().Match(command.Text) is { Success: true } made)
        {
            known.Keep(command.Text, File(made.Groups["file"].Value), File("runs"));
        }

        return shell.Out;
    }

    /// <summary>The job file of a command that runs one to its end.</summary>
    [GeneratedRegex(@"(^orchestrator|Cli --) run (?<file>\S+\.yaml)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    public static partial Regex JobOf();

    public async ValueTask DisposeAsync()
    {
        foreach (ProgramProcess server in Enumerable.Reverse(_servers))
        {
            output($"--- {server.Error}");
            await server.DisposeAsync();
        }

        _folder.Dispose();
    }

    /// <summary>What later commands refer to: the last job.</summary>
    private void Learn(string command, string answer)
    {
        if (command.StartsWith("orchestrator submit ", StringComparison.Ordinal))
        {
            _known["ID"] = answer.Split('\n')[0].Trim();
        }
        else if (command.Contains("-X POST", StringComparison.Ordinal) && command.Contains("/v1/jobs", StringComparison.Ordinal)
            && answer.TrimStart().StartsWith('{') && JsonDocument.Parse(answer).RootElement.TryGetProperty("id", out JsonElement id))
        {
            _known["ID"] = id.GetString()!;
        }
    }

    private async Task ServeAsync(DocumentedCommand command, string text)
    {
        bool silo = command.Runs("orchestrator-silo") || command.Runs("orchestrator serve");
        ProgramProcess server = Start("exec " + (silo ? Silo(text) : Agent(text)));
        _servers.Add(server);
        _known[silo ? "SILO" : "AGENT"] = server.Id.ToString(CultureInfo.InvariantCulture);
        using var api = new HttpJobsApi(new Uri($"http://127.0.0.1:{_port}"));
        await Waiting.UntilAsync(
            async () =>
            {
                Assert.True(server.IsAlive, $"{command.Place}: {command.Text} ended\n{server.Out}{server.Error}");
                return await WorkersAsync(api) >= (silo ? 0 : _agents.Count);
            },
            command.Text,
            Hangs,
            TestContext.Current.CancellationToken);
    }

    private string Silo(string text) => text.Contains("--listen", StringComparison.Ordinal) ? text : $"{text} --listen 127.0.0.1:{_port}";

    /// <summary>Agents of one machine have folders of their own; a reader's machines are several. The same command is the same agent.</summary>
    private string Agent(string text)
    {
        if (!_agents.Contains(text))
        {
            _agents.Add(text);
        }

        int number = _agents.IndexOf(text);
        return text.Contains("--state", StringComparison.Ordinal) ? text : $"{text} --state '{File($"agent-{number}")}' --name reader-{number}";
    }

    /// <summary>Workers that the silo knows; −1 = it does not answer.</summary>
    private static async Task<int> WorkersAsync(HttpJobsApi api)
    {
        try
        {
            return (await api.WorkersAsync(ct: TestContext.Current.CancellationToken)).Items.Count;
        }
        catch (ServerUnreachableException)
        {
            return -1;
        }
    }

    private string Here(string command)
    {
        string text = _known.Aggregate(command, (now, word) => Regex.Replace(now, $@"\b{word.Key}\b", word.Value, RegexOptions.None, TimeSpan.FromSeconds(5)));
        return Data().Replace(text, File("data"))
            .Replace("/var/lib/orchestrator", File("var"))
            .Replace(":5080", $":{_port.ToString(CultureInfo.InvariantCulture)}")
            .Replace("9100", _metrics.ToString(CultureInfo.InvariantCulture));
    }

    private ProgramProcess Start(string command)
    {
        var environment = new Dictionary<string, string?>
        {
            ["PATH"] = $"{File("bin")}:{Environment.GetEnvironmentVariable("PATH")}",
            ["ORCHESTRATOR_DATA"] = File("data"),
            ["ORCHESTRATOR_SERVER"] = $"http://127.0.0.1:{_port}",
        };
        string prelude = string.Concat(_prelude.Select(line => $"{Here(line)}; "));
        return ProgramProcess.Start("/bin/sh", ["-c", prelude + command], environment, _folder.Path);
    }

    private static void Script(string path, string body)
    {
        System.IO.File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        if (!OperatingSystem.IsWindows())
        {
            System.IO.File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>curl calls an answer a success, whatever its status.</summary>
    [GeneratedRegex(@"""status"": ?[45]\d\d\b", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Problem();

    [GeneratedRegex(@"(?<![\w/.])/data\b", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Data();

    [GeneratedRegex(@"(?<key>^steps: |""steps"": )\d{3,4}\b", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Steps();
}
