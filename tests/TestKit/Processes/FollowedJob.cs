using System.Text.Json;
using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.TestKit.Processes;

/// <summary>A submitted job with its events as they come, over kills of the silo too.</summary>
public sealed class FollowedJob
{
    private static readonly TimeSpan Hangs = TimeSpan.FromMinutes(4);

    private readonly IJobsApi _api;
    private readonly Lock _gate = new();
    private readonly List<JobEventView> _events = [];
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FollowedJob(IJobsApi api, JobView job) => (_api, Id) = (api, job.Id);

    /// <summary>The job's id.</summary>
    public string Id { get; }

    /// <summary>Stored events so far, in order.</summary>
    public IReadOnlyList<JobEventView> Events
    {
        get
        {
            lock (_gate)
            {
                return [.. _events];
            }
        }
    }

    /// <summary>Ends with the job; fails where its events cannot be had.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Submits a job file and follows it.</summary>
    public static async Task<FollowedJob> SubmitAsync(IJobsApi api, JsonElement spec, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(api);
        var job = new FollowedJob(api, await api.SubmitAsync(spec, Guid.NewGuid().ToString("N"), ct));
        job.Ended = job.FollowAsync(ct);

        // Followed from here on: a server that is killed before it was connected to was never there.
        await job.ReachesAsync(followed => followed.Count("job_submitted") > 0);
        return job;
    }

    /// <summary>Number of stored events of a type.</summary>
    public int Count(string type) => Events.Count(e => e.Type == type);

    /// <summary>Returns when the condition holds; false where the job ended before that.</summary>
    /// <exception cref="TimeoutException">Nothing was heard of the job for minutes: it hangs.</exception>
    public async Task<bool> ReachesAsync(Func<FollowedJob, bool> condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        while (true)
        {
            Task next;
            lock (_gate)
            {
                next = _next.Task;
            }

            if (condition(this))
            {
                return true;
            }

            if (Ended.IsCompleted)
            {
                await Ended;
                return false;
            }

            await Task.WhenAny(next, Ended).WaitAsync(Hangs);
        }
    }

    /// <summary>The result, once it has ended.</summary>
    /// <param name="limit">Says "it hangs", no more.</param>
    public async Task<JobResult> ResultAsync(TimeSpan limit, CancellationToken ct = default)
    {
        await Ended.WaitAsync(limit, ct);
        return await _api.ResultAsync(Id, ct);
    }

    private async Task FollowAsync(CancellationToken ct)
    {
        await foreach (JobEventView e in _api.EventsAsync(Id, 0, ct))
        {
            TaskCompletionSource reached;
            lock (_gate)
            {
                if (e.Sequence > 0)
                {
                    _events.Add(e);
                }

                (reached, _next) = (_next, new(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            reached.SetResult();
        }
    }
}
