using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit.Metrics;
using Orchestrator.TestKit.Processes;
using Spectre.Console;

namespace Orchestrator.Benchmarks.Clusters;

/// <summary>What the cluster costs beside the training: the share of a slot's time that is training, and idle memory.</summary>
internal static class ClusterBenchmarks
{
    private const string Seconds = "orchestrator_agent_trainer_seconds_total";
    private static readonly TimeSpan Hangs = TimeSpan.FromMinutes(20);

    /// <summary>A step of this network takes about 10 ms.</summary>
    private static readonly (string Algorithm, string Settings, string Probes)[] Probed =
    [
        ("autolrs", """{ "stageSteps": 1000, "probeSteps": 200, "candidates": 5, "racing": false }""", "200 steps"),
        ("annealed", """{ "rung0": 0.025, "rung1": 0.05, "rung2": 0.08, "guard": 0.6 }""", "100 steps and more"),
    ];

    /// <summary>slot-time and idle-memory.</summary>
    public static IEnumerable<Command> Commands()
    {
        var data = new Option<string?>("--data") { Description = "Folder of data sets (ORCHESTRATOR_DATA)." };
        var slot = new Command("slot-time", "Share of a slot's time that is spent inside training and validation, probes of a second and more.") { data };
        slot.SetAction((parse, ct) => SlotTimeAsync(parse.GetValue(data) ?? Environment.GetEnvironmentVariable("ORCHESTRATOR_DATA") ?? "", ct));
        var seconds = new Option<int>("--settle") { DefaultValueFactory = _ => 60, Description = "Seconds of idleness before memory is read." };
        var idle = new Command("idle-memory", "Resident memory of silo and agent, idle, with one finished job.") { seconds };
        idle.SetAction((parse, ct) => IdleMemoryAsync(parse.GetValue(seconds), ct));
        return [slot, idle];
    }

    private static async Task<int> SlotTimeAsync(string data, CancellationToken ct)
    {
        await using ServedCluster cluster = await ServedCluster.StartAsync(LeaseTimes.Real, [], ct: ct);
        int port = FixedPort.Take();
        cluster.Add("agent", 1, "--data", data, "--metrics", port.ToString(CultureInfo.InvariantCulture)).Start();
        await cluster.RegisteredAsync(ct);
        using var http = new HttpClient();
        async Task<double> InsideAsync()
        {
            Scrape scrape = Scrape.Read(await http.GetStringAsync($"http://127.0.0.1:{port}/metrics", ct));
            return new[] { "training", "evaluation" }.Sum(use => scrape.Has(Seconds, "use", use) ? scrape[Seconds, "use", use] : 0);
        }

        // The first job of a trainer opens its data and compiles its code.
        await (await FollowedJob.SubmitAsync(cluster.Api, Spec("fixed", """{ "kind": "constant", "peak": 0.05 }""", 600), ct)).ResultAsync(Hangs, ct);
        var table = new Table().AddColumns("job", "probes", "segments", "wall s", "training and validation s", "share", "at least");
        foreach ((string algorithm, string settings, string probes) in Probed)
        {
            double before = await InsideAsync();
            FollowedJob job = await FollowedJob.SubmitAsync(cluster.Api, Spec(algorithm, settings, 4000), ct);
            JobResult result = await job.ResultAsync(Hangs, ct);
            double inside = await InsideAsync() - before;
            table.AddRow(
                algorithm, probes, $"{job.Count("segment_finished")}", $"{result.Seconds.Wall:F1}", $"{inside:F1}", $"{inside / result.Seconds.Wall:P1}", "95 %");
        }

        AnsiConsole.Write(table);
        return 0;
    }

    private static async Task<int> IdleMemoryAsync(int settle, CancellationToken ct)
    {
        await using ServedCluster cluster = await ServedCluster.StartAsync(LeaseTimes.Real, [1], ct: ct);
        FollowedJob job = await FollowedJob.SubmitAsync(cluster.Api, TestKit.Processes.Kills.KillJob.Spec, ct);
        await job.ResultAsync(Hangs, ct);
        await Task.Delay(TimeSpan.FromSeconds(settle), TimeProvider.System, ct);
        var table = new Table().AddColumns("process", "resident, MB", "at most");
        table.AddRow("silo", Resident(cluster.Silo.Id), "250");
        table.AddRow("agent", Resident(cluster.Agents[0].Id), "120");
        AnsiConsole.Write(table);
        return 0;
    }

    private static string Resident(int process)
    {
        string line = File.ReadLines($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return $"{double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024 / 1e6:F0}";
    }

    private static JsonElement Spec(string algorithm, string settings, int steps) => JsonDocument.Parse($$"""
        {
          "name": "slot-time",
          "trainer": {
            "workload": "image-classification",
            "settings": { "dataset": "fashion-mnist", "model": "cnn", "optimizer": "sgd", "momentum": 0.9, "weightDecay": 5e-4, "batchSize": 128 }
          },
          "objective": { "metric": "validation_loss", "type": "minimize" },
          "steps": {{steps}},
          "segmentSteps": 1000,
          "schedule": { "algorithm": "{{algorithm}}", "range": { "min": 1e-2, "max": 0.25 }, "settings": {{settings}} },
          "seed": 1
        }
        """).RootElement;
}
