using System.Globalization;
using System.Text.Json;
using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit.Processes;
using Orchestrator.TestKit.Processes.Kills;

namespace Orchestrator.EndToEnd.Tests.Documents;

/// <summary>
/// Every command of README.md and of the examples is run by a shell as it stands there, but for folders, the port and
/// the job's id. A command that no rule here covers fails the test: it would be a promise nobody keeps.
/// </summary>
public sealed class DocumentedCommandTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan Hangs = TimeSpan.FromMinutes(5);
    private readonly TemporaryFolder _folder = new();
    private readonly int _port = FixedPort.Take();

    private static string Readme => Path.Combine(Executables.Root, "README.md");

    [Fact]
    public async Task The_first_command_of_the_README_leaves_what_it_says()
    {
        string command = Assert.Single(ShellBlocks.Of(Readme), line => line.StartsWith("dotnet run ", StringComparison.Ordinal));
        await RunAsync(command);
        string left = Path.Combine(_folder.Path, "runs", "digits");
        Assert.All((string[])["result.json", "schedule.csv", "model.safetensors", "report.html"], file => Assert.True(File.Exists(Path.Combine(left, file)), file));
        Assert.Equal(JobStatus.Succeeded, OrchestratorCommand.ReadResult(left).Status);
    }

    [Fact]
    public async Task The_commands_of_the_README_about_a_server_and_its_workers_work_together()
    {
        string[] commands = [.. ShellBlocks.Of(Readme).Where(IsAboutServers)];
        await File.WriteAllTextAsync(_folder.File("job.json"), KillJob.Spec.GetRawText(), TestContext.Current.CancellationToken);
        await using ProgramProcess silo = Start(Assert.Single(commands, line => line.StartsWith("orchestrator-silo ", StringComparison.Ordinal)));
        await using ProgramProcess agent = Start(Assert.Single(commands, line => line.StartsWith("orchestrator-agent ", StringComparison.Ordinal)));
        using var api = new HttpJobsApi(new Uri($"http://127.0.0.1:{_port}"));
        await Waiting.UntilAsync(
            async () => await HasWorkerAsync(api), "the agent is registered", Hangs, TestContext.Current.CancellationToken);
        string? job = null;
        foreach (string command in commands.Where(line => line.StartsWith("curl ", StringComparison.Ordinal)))
        {
            string answer = await RunAsync(command.Replace("/ID/", $"/{job}/"));
            if (command.Contains("POST", StringComparison.Ordinal))
            {
                job = JsonDocument.Parse(answer).RootElement.GetProperty("id").GetString();
            }
            else if (command.Contains("/events", StringComparison.Ordinal))
            {
                Assert.Contains("event: job_ended", answer);
            }
            else
            {
                Assert.Contains("def learning_rate(step):", answer);
            }
        }

        Assert.Equal(JobStatus.Succeeded, (await api.GetAsync(job!, TestContext.Current.CancellationToken)).Status);
    }

    [Fact]
    public void No_command_of_the_README_or_the_examples_is_left_out_here()
    {
        // ./test is what runs this; `data fetch` needs a network, and is checked up to there by the tests of the command.
        bool IsRun(string line) => line == "./test" || line.StartsWith("dotnet run ", StringComparison.Ordinal)
            || line.StartsWith("orchestrator data fetch ", StringComparison.Ordinal) || IsAboutServers(line);
        Assert.DoesNotContain(ShellBlocks.Of(Readme), line => !IsRun(line));
        Assert.DoesNotContain(Examples().SelectMany(ShellBlocks.OfComments), line => !IsRun(line));
    }

    [Fact]
    public async Task The_schema_command_finds_every_example_valid()
    {
        string[] examples = [.. Examples()];
        Assert.True(examples.Length >= 3);
        (int code, string text, string error) = await OrchestratorCommand.RunAsync(["schema", .. examples]);
        Assert.True(code == 0, error);
        Assert.All(examples, example => Assert.Contains($"{example}: valid", text));
    }

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<string> Examples() => Directory.EnumerateFiles(Path.Combine(Executables.Root, "examples"), "*.yaml").Order(StringComparer.Ordinal);

    private static bool IsAboutServers(string line) =>
        ((string[])["orchestrator-silo ", "orchestrator-agent ", "curl "]).Any(word => line.StartsWith(word, StringComparison.Ordinal));

    private static async Task<bool> HasWorkerAsync(HttpJobsApi api)
    {
        try
        {
            return (await api.WorkersAsync()).Items.Count > 0;
        }
        catch (ServerUnreachableException)
        {
            return false;
        }
    }

    private async Task<string> RunAsync(string command)
    {
        await using ProgramProcess shell = Start(command);
        int code = await shell.ExitAsync(Hangs, TestContext.Current.CancellationToken);
        output.WriteLine($"$ {command}\n{shell.Out}{shell.Error}");
        Assert.True(code == 0, $"{command}: exit code {code}\n{shell.Error}");
        return shell.Out;
    }

    /// <summary>A shell in a folder that looks like a clone, with the built programs in its path.</summary>
    private ProgramProcess Start(string command)
    {
        string bin = _folder.File("bin");
        if (!Directory.Exists(bin))
        {
            Directory.CreateDirectory(bin);
            Directory.CreateSymbolicLink(_folder.File("examples"), Path.Combine(Executables.Root, "examples"));
            foreach ((string project, string program) in ((string, string)[])
                [("Cli", "orchestrator"), ("Silo", "orchestrator-silo"), ("Agent", "orchestrator-agent")])
            {
                Script(Path.Combine(bin, program), $"exec '{Executables.Path(project, program)}' \"$@\"");
            }

            // It is built already: `dotnet run … --` comes to this.
            Script(Path.Combine(bin, "dotnet"), $"while [ \"$1\" != -- ]; do shift; done; shift; exec '{Executables.Path("Cli", "orchestrator")}' \"$@\"");
        }

        string here = command
            .Replace("/var/lib/orchestrator", _folder.File("var"))
            .Replace("--data /data", $"--data '{Executables.ShippedData}' --state '{_folder.File("agent")}'")
            .Replace(":5080", $":{_port.ToString(CultureInfo.InvariantCulture)}");
        var environment = new Dictionary<string, string?> { ["PATH"] = $"{bin}:{Environment.GetEnvironmentVariable("PATH")}" };
        return ProgramProcess.Start("/bin/sh", ["-c", $"exec {here}"], environment, _folder.Path);
    }

    private static void Script(string path, string body)
    {
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
