using System.Text.Json;
using Orchestrator.TestKit.Processes;
using Orchestrator.TestKit.Processes.Kills;

namespace Orchestrator.EndToEnd.Tests;

/// <summary>
/// The job of the fault tests left alone, once for all of them: each has a silo and agents of its own, and must come to
/// the same bits all the same.
/// </summary>
internal static class Undisturbed
{
    private static readonly Lazy<Task<UndisturbedRun>> Once = new(() => RunAsync(KillJob.Spec));
    private static readonly Lazy<Task<UndisturbedRun>> OnceRacing = new(() => RunAsync(KillJob.Racing));

    /// <summary>The run; whoever asks first makes it.</summary>
    public static Task<UndisturbedRun> KillJobAsync() => Once.Value;

    /// <summary>The run of the job that races.</summary>
    public static Task<UndisturbedRun> RacingJobAsync() => OnceRacing.Value;

    private static async Task<UndisturbedRun> RunAsync(JsonElement spec)
    {
        await using ServedCluster cluster = await ServedCluster.StartAsync(LeaseTimes.Short, [2]);
        return await UndisturbedRun.OfAsync(cluster, spec);
    }
}
