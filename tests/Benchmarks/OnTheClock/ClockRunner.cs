using Orchestrator.Cli;
using Orchestrator.Cli.Local;
using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.Benchmarks.OnTheClock;

/// <summary>
/// Runs jobs of one workload on a silo and an agent as <c>orchestrator run</c> starts them, one start for all of them.
/// Nothing of one job is used for another. What is killed goes on when it is run again.
/// </summary>
/// <param name="folder">Where results are kept.</param>
/// <param name="slots">Slots of the agent.</param>
/// <param name="atOnce">Jobs that are run at once.</param>
/// <param name="note">Told of every job that ended.</param>
internal sealed class ClockRunner(ClockFolder folder, int slots, int atOnce, Action<ClockRun> note)
{
    private static string Version => ProductVersion.Text;

    /// <summary>Runs those that are not kept yet; a job that fails is a run that says why.</summary>
    public async Task<IReadOnlyList<ClockRun>> RunAsync(string workload, IReadOnlyList<(ClockJob Job, long Seed)> wanted, CancellationToken ct)
    {
        ClockRun?[] runs = [.. wanted.Select(item => folder.Find(item.Job, item.Seed, Version))];
        runs.OfType<ClockRun>().ToList().ForEach(note);
        int[] missing = [.. Enumerable.Range(0, runs.Length).Where(i => runs[i] is null)];
        if (missing.Length > 0)
        {
            string state = folder.Cluster(workload, Version);
            folder.Forget(workload, except: state);
            try
            {
                await ServeAsync(state, missing, async (api, i, ended) =>
                {
                    runs[i] = await OneAsync(api, wanted[i].Job, wanted[i].Seed, ended);
                    note(runs[i]!);
                }, ct);
            }
            catch (Exception fault) when (fault is BadInputException or TimeoutException or ServerUnreachableException)
            {
                // The cluster does not run. Other workloads may yet.
                foreach (int i in missing.Where(i => runs[i] is null))
                {
                    runs[i] = new ClockRun(wanted[i].Job, wanted[i].Seed, slots, null, fault.Message, null);
                    note(runs[i]!);
                }
            }
        }

        if (runs.All(run => run!.Result is not null))
        {
            // Checkpoints are large, and no job needs them any more.
            folder.Forget(workload, except: null);
        }

        return [.. runs.OfType<ClockRun>()];
    }

    private async Task ServeAsync(string state, int[] missing, Func<IJobsApi, int, CancellationToken, Task> run, CancellationToken ct)
    {
        var session = new Session
        {
            Out = Console.Error,
            Error = Console.Error,
            Time = TimeProvider.System,
            Environment = Environment.GetEnvironmentVariable,
            Terminal = false,
            Connect = static (server, key) => new HttpJobsApi(server, key),
        };
        await using var cluster = new LocalCluster(session, Path.GetFullPath(state), slots, string.Join(':', DataFolders.Resolve(session, null)));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        try
        {
            Uri server = await cluster.StartAsync(ct);
            using var api = new HttpJobsApi(server);
            Task children = cluster.WatchAsync(server, ending.Token);
            Task jobs = JobsAsync(api, ending.Token);
            await Task.WhenAny(children, jobs);
            await (jobs.IsCompleted ? jobs : children);
        }
        finally
        {
            await ending.CancelAsync();
        }

        async Task JobsAsync(HttpJobsApi api, CancellationToken ended)
        {
            await Waiting.UntilAsync(async () => (await api.WorkersAsync(ct: ended)).Items.Count > 0, "the agent has registered", ct: ended);
            var options = new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = ended };
            await Parallel.ForEachAsync(missing, options, async (i, _) => await run(api, i, ended));
        }
    }

    private async Task<ClockRun> OneAsync(IJobsApi api, ClockJob job, long seed, CancellationToken ct)
    {
        try
        {
            JobView view = await api.SubmitAsync(job.WithSeed(seed), $"{job.Workload}/{job.Method}/{job.Hash}/{seed}", ct);
            var events = new List<JobEventView>();
            await foreach (JobEventView e in api.EventsAsync(view.Id, 0, ct))
            {
                // Live progress has the number 0, and is for looking at.
                if (e.Sequence > 0)
                {
                    events.Add(e);
                }
            }

            JobResult result = await api.ResultAsync(view.Id, ct);
            folder.Keep(job, seed, Version, slots, result, events);
            return ClockRun.Of(job, seed, slots, result, events);
        }
        catch (ApiException refused)
        {
            return new ClockRun(job, seed, slots, null, $"{refused.Message} {string.Join(' ', refused.Problems.Select(problem => $"{problem.Pointer}: {problem.Message}"))}".Trim(), null);
        }
        catch (ServerUnreachableException gone)
        {
            return new ClockRun(job, seed, slots, null, gone.Message, null);
        }
    }
}
