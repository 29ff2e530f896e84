using System.Text;
using System.Text.Json;
using Orchestrator.EndToEnd.Tests.BadInput;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.EndToEnd.Tests.Output;

/// <summary>With --json, standard output is JSON and nothing else, whatever comes of the command.</summary>
public sealed class JsonOutputTests(ServedWorkers workers)
{
    private const string Job = """
        name: json
        trainer:
          workload: noisy-quadratic
        objective: { metric: validation_loss, type: minimize }
        steps: 40
        schedule: { algorithm: fixed, settings: { kind: constant, peak: 0.01 } }
        """;

    [Fact]
    public async Task Commands_about_a_job_print_JSON_alone()
    {
        string file = workers.File("json.yaml");
        File.WriteAllText(file, Job);
        JsonElement[] submitted = await ReadAsync(0, "submit", file, "--wait", "--server", workers.Server);
        string job = submitted[0].GetProperty("id").GetString()!;
        Assert.Equal("job_ended", submitted[^1].GetProperty("type").GetString());
        foreach (string command in (string[])["show", "watch", "logs", "export"])
        {
            Assert.NotEmpty(await ReadAsync(0, command, job, "--server", workers.Server));
        }

        Assert.Single(await ReadAsync(0, "export", job, "--format", "pytorch", "--server", workers.Server));
        Assert.Single(await ReadAsync(0, "logs", $"{job}/0", "--server", workers.Server));
        Assert.Single(await ReadAsync(0, "list", "--server", workers.Server));
    }

    [Fact]
    public async Task Pausing_resuming_and_cancelling_print_JSON_alone()
    {
        string file = workers.File("json-control.yaml");
        File.WriteAllText(file, Job.Replace("steps: 40", "steps: 100000000\nsegmentSteps: 1000000"));
        string job = (await ReadAsync(0, "submit", file, "--server", workers.Server))[0].GetProperty("id").GetString()!;
        Assert.Equal("paused", (await ReadAsync(0, "pause", job, "--server", workers.Server))[0].GetProperty("status").GetString());
        Assert.Equal("running", (await ReadAsync(0, "resume", job, "--server", workers.Server))[0].GetProperty("status").GetString());
        Assert.Equal("cancelled", (await ReadAsync(0, "cancel", job, "--server", workers.Server))[0].GetProperty("status").GetString());
    }

    [Fact]
    public async Task Commands_about_nothing_in_particular_print_JSON_alone()
    {
        Assert.Single(await ReadAsync(0, "version"));
        Assert.Single(await ReadAsync(0, "schema"));
        Assert.Single(await ReadAsync(0, "data", "--data", workers.Data));
        Assert.Single(await ReadAsync(0, "schema", Path.Combine(Executables.Root, "examples", "digits.yaml")));
    }

    [Fact]
    public async Task Refusals_print_JSON_alone()
    {
        string file = workers.File("json-bad.yaml");
        File.WriteAllText(file, Job.Replace("steps: 40", "steps: none"));
        Assert.Single(await ReadAsync(2, "run", file, "--out", workers.File("out")));
        Assert.Single(await ReadAsync(2, "submit", file, "--server", workers.Server));
        Assert.Single(await ReadAsync(2, "schema", file));
        Assert.Single(await ReadAsync(2, "show", "no-such-job", "--server", workers.Server));
        Assert.Single(await ReadAsync(3, "list", "--server", $"http://127.0.0.1:{FixedPort.Take()}"));
    }

    [Fact]
    public async Task A_run_prints_its_events_and_its_result_and_JSON_alone()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("job.yaml"), Job);
        JsonElement[] documents = await ReadAsync(0, "run", folder.File("job.yaml"), "--out", folder.File("out"));
        Assert.Equal("job_submitted", documents[0].GetProperty("type").GetString());
        Assert.Equal(1, documents[^1].GetProperty("schema").GetInt32());
    }

    private static async Task<JsonElement[]> ReadAsync(int expected, params string[] arguments)
    {
        (int code, string output, string error) = await OrchestratorCommand.RunAsync([.. arguments, "--json"]);
        Assert.True(code == expected, $"{string.Join(' ', arguments)}: exit code {code}\n{output}{error}");
        var documents = new List<JsonElement>();
        byte[] bytes = Encoding.UTF8.GetBytes(output);
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowMultipleValues = true });
        while (reader.Read())
        {
            documents.Add(JsonElement.ParseValue(ref reader));
        }

        return [.. documents];
    }
}
