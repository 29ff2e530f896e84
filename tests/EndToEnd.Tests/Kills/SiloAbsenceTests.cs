using System.Text.Json;
using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit.Processes;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.EndToEnd.Tests.Kills;

/// <summary>A silo that is away for a minute, with the lease times it has by itself, costs no step.</summary>
public sealed class SiloAbsenceTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Absence = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Hangs = TimeSpan.FromMinutes(6);

    /// <summary>Real training: two probes that end while there is no silo, so that their results wait on disk.</summary>
    private static readonly JsonElement EndsMeanwhile = JsonDocument.Parse("""
        {
          "name": "ends-meanwhile",
          "trainer": {
            "workload": "image-classification",
            "settings": { "dataset": "digits", "model": "mlp", "hidden": 64, "batchSize": 256 }
          },
          "objective": { "metric": "validation_loss", "type": "minimize" },
          "steps": 2100,
          "segmentSteps": 2000,
          "schedule": {
            "algorithm": "autolrs",
            "range": { "min": 1e-2, "max": 1e-1 },
            "settings": { "candidates": 2, "stageSteps": 2100, "probeSteps": 2000 }
          }
        }
        """).RootElement;

    [Fact]
    public async Task A_silo_that_is_away_for_a_minute_costs_no_step()
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        await using ServedCluster cluster = await ServedCluster.StartAsync(LeaseTimes.Real, [], ct: ct);
        cluster.Add("lonely", 3, "--data", Executables.ShippedData, "--allow-command").Start();
        await cluster.RegisteredAsync(ct);
        JobResult[] undisturbed = await EndAsync([await SubmitAsync(cluster, EndsMeanwhile), await SubmitAsync(cluster, GoesOn(stepSeconds: 0))]);

        FollowedJob[] jobs = [await SubmitAsync(cluster, EndsMeanwhile), await SubmitAsync(cluster, GoesOn(stepSeconds: 0.25))];
        await Waiting.UntilAsync(async () => await cluster.LeasesAsync(ct) == 3, "all slots are busy", Hangs, ct);
        Assert.All(jobs, job => Assert.Equal(0, job.Count("segment_finished")));
        await cluster.Silo.KillAsync();
        await Task.Delay(Absence, TimeProvider.System, ct);
        Assert.All(cluster.Agents, agent => Assert.True(agent.IsAlive, agent.Output));
        await cluster.Silo.StartAsync(ct);

        JobResult[] results = await EndAsync(jobs);
        for (int i = 0; i < jobs.Length; i++)
        {
            output.WriteLine($"{results[i].Name}: undisturbed {undisturbed[i].Seconds.Wall} s, with the absence {results[i].Seconds.Wall} s");
            Assert.Equal(JobStatus.Succeeded, results[i].Status);
            Assert.Empty(ReproducibleResult.Differences(undisturbed[i], results[i]));
            Assert.Equal(0, results[i].Steps.Lost);
            Assert.Equal(0, jobs[i].Count("segment_retried"));
        }
    }

    /// <summary>One segment that is still running when the silo is back, and must be known to be: 75 s without any load.</summary>
    private static JsonElement GoesOn(double stepSeconds) => JsonSerializer.SerializeToElement(new
    {
        name = "goes-on",
        trainer = new { command = FakeTrainer.Command, settings = new { stepSeconds } },
        objective = new { metric = "validation_loss", type = "minimize" },
        steps = 300,
        segmentSteps = 300,
        schedule = new { algorithm = "fixed", settings = new { kind = "constant", peak = 0.1 } },
    });

    private static Task<FollowedJob> SubmitAsync(ServedCluster cluster, JsonElement spec) =>
        FollowedJob.SubmitAsync(cluster.Api, spec, TestContext.Current.CancellationToken);

    private static async Task<JobResult[]> EndAsync(IEnumerable<FollowedJob> jobs)
    {
        var results = new List<JobResult>();
        foreach (FollowedJob job in jobs)
        {
            results.Add(await job.ResultAsync(Hangs, TestContext.Current.CancellationToken));
        }

        return [.. results];
    }
}
