using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Serving;

/// <summary>Runs jobs to their end.</summary>
internal static class JobRun
{
    /// <summary>A limit that says "it hangs", and nothing about speed.</summary>
    public static readonly TimeSpan Hangs = TimeSpan.FromSeconds(120);

    /// <summary>Submits a job and works for its pool until it has ended.</summary>
    public static async Task<JobResult> ToEndAsync(SiloUnderTest silo, string pool, JsonObject job, int slots = 1)
    {
        using var worker = new ProtocolWorker(() => silo.Address, pool, slots: slots);
        JobView view = await SubmitAsync(silo, job);
        return await worker.UntilEndAsync(silo, view.Id);
    }

    public static Task<JobView> SubmitAsync(SiloUnderTest silo, JsonObject job, string? key = null) =>
        silo.Api.SubmitAsync(JsonSerializer.SerializeToElement(job), key, TestContext.Current.CancellationToken);

    /// <summary>Works until a job has ended; its result.</summary>
    public static async Task<JobResult> UntilEndAsync(this ProtocolWorker worker, SiloUnderTest silo, string job)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        Task working = worker.RunAsync(stop.Token);
        Task ended = EndedAsync(silo.Api, job);
        try
        {
            if (await Task.WhenAny(working, ended) == working)
            {
                await working;
            }

            await ended;
        }
        finally
        {
            await stop.CancelAsync();
            await working;
        }

        return await silo.Api.ResultAsync(job, TestContext.Current.CancellationToken);
    }

    /// <summary>Waits until a job has ended.</summary>
    public static async Task EndedAsync(IJobsApi api, string job)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Hangs);
        await foreach (JobEventView e in api.EventsAsync(job, 0, limit.Token))
        {
            _ = e;
        }
    }
}
