using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit.Processes;
using Orchestrator.TestKit.Processes.Kills;

namespace Orchestrator.EndToEnd.Tests.Checkpoints;

/// <summary>
/// Checkpoints that are changed or deleted on disk while their job is paused: noticed by their hash, fetched again or
/// recomputed, and the result is the same.
/// </summary>
public sealed class DamagedCheckpointTests
{
    private static readonly TimeSpan Hangs = TimeSpan.FromMinutes(4);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_checkpoint_damaged_where_all_share_it_is_recomputed_with_the_same_bits(bool deleted)
    {
        await using ServedCluster cluster = await ServedCluster.StartAsync(LeaseTimes.Short, [], ct: TestContext.Current.CancellationToken);
        cluster.Add("sharing", 2, "--blobs", cluster.Silo.Blobs).Start();
        (JobResult result, FollowedJob job) = await DamageAsync(cluster, () => Damage(cluster.Silo.Blobs, deleted));
        Assert.True(job.Count("checkpoint_lost") > 0, "the loss is not among the events");
        Assert.True(result.Steps.Lost > 0, "what was recomputed is counted as lost");
    }

    [Fact]
    public async Task A_checkpoint_damaged_in_the_cache_of_an_agent_is_fetched_again()
    {
        await using ServedCluster cluster = await ServedCluster.StartAsync(LeaseTimes.Short, [2], ct: TestContext.Current.CancellationToken);
        (JobResult result, FollowedJob job) =
            await DamageAsync(cluster, () => Damage(Path.Combine(cluster.Agents[0].State, "checkpoints"), deleted: false));
        Assert.Contains("was changed on disk", cluster.Agents[0].Output);
        Assert.Equal(0, job.Count("checkpoint_lost"));
        Assert.Equal(0, result.Steps.Lost);
    }

    [Fact]
    public async Task A_checkpoint_damaged_in_the_cache_and_in_the_store_is_recomputed_with_the_same_bits()
    {
        await using ServedCluster cluster = await ServedCluster.StartAsync(LeaseTimes.Short, [2], ct: TestContext.Current.CancellationToken);
        (JobResult result, FollowedJob job) = await DamageAsync(cluster, () =>
        {
            Damage(Path.Combine(cluster.Agents[0].State, "checkpoints"), deleted: true);
            Damage(cluster.Silo.Blobs, deleted: false);
        });
        Assert.True(job.Count("checkpoint_lost") > 0, "the loss is not among the events");
    }

    /// <summary>Does damage while the job is paused in the middle, and holds its result to that of the job left alone.</summary>
    private static async Task<(JobResult Result, FollowedJob Job)> DamageAsync(ServedCluster cluster, Action damage)
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        await cluster.RegisteredAsync(ct);
        UndisturbedRun undisturbed = await Undisturbed.KillJobAsync();
        FollowedJob job = await FollowedJob.SubmitAsync(cluster.Api, KillJob.Spec, ct);
        Assert.True(await job.ReachesAsync(j => j.Count("segment_finished") >= 8), "the job ended too early");
        await cluster.Api.PauseAsync(job.Id, ct);
        await Waiting.UntilAsync(async () => await cluster.LeasesAsync(ct) == 0, "nothing runs", Hangs, ct);
        damage();
        await cluster.Api.ResumeAsync(job.Id, ct);
        JobResult result = await job.ResultAsync(Hangs, ct);
        Assert.Empty(ReproducibleResult.Differences(undisturbed.Result, result));
        return (result, job);
    }

    private static void Damage(string folder, bool deleted)
    {
        foreach (string blob in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(path => Path.GetFileName(path).Length == 64))
        {
            if (deleted)
            {
                File.Delete(blob);
                continue;
            }

            using FileStream file = File.Open(blob, FileMode.Open, FileAccess.ReadWrite);
            file.Position = file.Length / 2;
            int old = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(old ^ 1));
        }
    }
}
