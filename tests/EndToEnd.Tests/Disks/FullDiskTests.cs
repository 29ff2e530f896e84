using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;
using Orchestrator.TestKit.Processes.Kills;
using Orchestrator.TestKit.Storage;

namespace Orchestrator.EndToEnd.Tests.Disks;

/// <summary>A disk that is full for a while: the job waits with the reason, goes on when there is room, and ends the same.</summary>
public sealed class FullDiskTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Hangs = TimeSpan.FromMinutes(4);

    [Fact]
    public Task A_full_disk_of_the_agent_pauses_the_job_until_there_is_room() => HoldAsync(shared: false);

    [Fact]
    public Task A_full_disk_of_the_checkpoints_pauses_the_job_until_there_is_room() => HoldAsync(shared: true);

    /// <param name="shared">Whether the disk holds the checkpoints that silo and agent share; else the agent's state.</param>
    private async Task HoldAsync(bool shared)
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        using var folder = new TemporaryFolder();
        using SmallDisk? disk = SmallDisk.TryMount(folder.File("disk"), megabytes: 24);
        Assert.SkipWhen(disk is null, "mounting a small disk needs root");
        await using ServedCluster cluster = await ServedCluster.StartAsync(LeaseTimes.Short, [], shared ? disk!.Path : null, ct);
        cluster.Add("cramped", 2, shared ? "--blobs" : "--state", disk!.Path).Start();
        await cluster.RegisteredAsync(ct);
        UndisturbedRun undisturbed = await Undisturbed.KillJobAsync();
        FollowedJob job = await FollowedJob.SubmitAsync(cluster.Api, KillJob.Spec, ct);
        Assert.True(await job.ReachesAsync(j => j.Count("segment_finished") >= 3), "the job ended too early");
        disk!.Fill();
        JobView? paused = null;
        await Waiting.UntilAsync(
            async () => (paused = await cluster.Api.GetAsync(job.Id, ct)).Reason?.Code == "no_space", "the job waits for room", Hangs, ct);
        output.WriteLine($"{paused!.Status}: {paused.Reason!.Message}");
        Assert.Equal(JobStatus.Paused, paused.Status);
        Assert.Contains("goes on by itself when there is room", paused.Reason.Message);

        disk.Free();
        JobResult result = await job.ResultAsync(Hangs, ct);
        Assert.Empty(ReproducibleResult.Differences(undisturbed.Result, result));
    }
}
