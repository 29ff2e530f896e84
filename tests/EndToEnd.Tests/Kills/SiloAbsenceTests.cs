using System.Text.Json;
using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.EndToEnd.Tests.Kills;

/// <summary>A silo that is away for a minute, with the lease times it has by itself, costs no step.</summary>
public sealed class SiloAbsenceTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Absence = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Hangs = TimeSpan.FromMinutes(6);

    /// <summary>Two long probes that fill both slots, and a short rest.</summary>
    private static readonly JsonElement Spec = JsonDocument.Parse("""
        {
          "name": "absence",
          "trainer": {
            "workload": "image-classification",
            "settings": { "dataset": "digits", "model": "mlp", "hidden": 64, "batchSize": 256 }
          },
          "objective": { "metric": "validation_loss", "type": "minimize" },
          "steps": 2600,
          "segmentSteps": 2500,
          "schedule": {
            "algorithm": "autolrs",
            "range": { "min": 1e-2, "max": 1e-1 },
            "settings": { "candidates": 2, "stageSteps": 2600, "probeSteps": 2500 }
          }
        }
        """).RootElement;

    [Fact]
    public async Task A_silo_that_is_away_for_a_minute_costs_no_step()
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        await using ServedCluster cluster = await ServedCluster.StartAsync(LeaseTimes.Real, [2], ct: ct);
        JobResult undisturbed = await (await FollowedJob.SubmitAsync(cluster.Api, Spec, ct)).ResultAsync(Hangs, ct);
        Assert.Equal(JobStatus.Succeeded, undisturbed.Status);

        FollowedJob job = await FollowedJob.SubmitAsync(cluster.Api, Spec, ct);
        await Waiting.UntilAsync(async () => await cluster.LeasesAsync(ct) == 2, "both probes run", Hangs, ct);
        Assert.Equal(0, job.Count("segment_finished"));
        await cluster.Silo.KillAsync();
        await Task.Delay(Absence, TimeProvider.System, ct);
        Assert.All(cluster.Agents, agent => Assert.True(agent.IsAlive, agent.Output));
        await cluster.Silo.StartAsync(ct);

        JobResult result = await job.ResultAsync(Hangs, ct);
        output.WriteLine($"undisturbed {undisturbed.Seconds.Wall} s, with an absence of {Absence.TotalSeconds} s {result.Seconds.Wall} s");
        Assert.Empty(ReproducibleResult.Differences(undisturbed, result));
        Assert.Equal(0, result.Steps.Lost);
        Assert.Equal(0, job.Count("segment_retried"));
    }
}
