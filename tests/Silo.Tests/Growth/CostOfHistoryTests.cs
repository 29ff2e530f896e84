using System.Text.Json;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Growth;

/// <summary>What a job answers does not grow with what it has behind it.</summary>
public sealed class CostOfHistoryTests : OwnSiloTest
{
    private const int Short = 20;
    private const int Long = 300;

    [Fact]
    public async Task Answers_are_as_small_after_three_hundred_segments_as_after_twenty()
    {
        ProtocolWorker worker = await WorkerAsync();
        JobView job = await SubmitAsync(QuadraticJobs.Fixed(Pool, steps: 2000, segmentSteps: 1));
        await RunAsync(worker, Short);
        Sizes young = await MeasureAsync(worker, job.Id);
        await RunAsync(worker, Long);
        Sizes old = await MeasureAsync(worker, job.Id);

        // Numbers have more digits, and no more.
        Assert.InRange(old.View, 1, young.View + 100);
        Assert.InRange(old.List, 1, young.List + 100);
        Assert.InRange(old.Lease, 1, young.Lease + 100);
        Assert.InRange(old.Event, 1, young.Event + 50);
        Assert.InRange(old.Segments, 1, young.Segments + 500);
        Assert.InRange(old.Curves, 1, 2 * young.Curves);
    }

    private static async Task RunAsync(ProtocolWorker worker, int segments)
    {
        for (int i = 0; i < segments; i++)
        {
            await worker.FinishAsync(await worker.LeaseOneAsync());
        }
    }

    private async Task<Sizes> MeasureAsync(ProtocolWorker worker, string job)
    {
        int view = (await Http.GetStringAsync($"/v1/jobs/{job}", Ct)).Length;
        int list = (await Http.GetStringAsync("/v1/jobs", Ct)).Length;
        Lease lease = await worker.LeaseOneAsync();
        int leased = JsonSerializer.Serialize(lease, Contracts.WireJson.Options).Length;
        await worker.FinishAsync(lease);
        long sequence = (await ViewAsync(job)).Sequence;
        using EventLines stream = await EventLines.OpenAsync(Silo.Address, job, sequence - 1);
        await stream.NextAsync();
        EventLine last = (await stream.NextAsync())!;
        Assert.Equal(sequence, last.Id);
        int segments = (await Http.GetStringAsync($"/v1/jobs/{job}/segments?limit=20&cursor={lease.Work.Segment - 20}", Ct)).Length;
        int curves = (await Http.GetStringAsync($"/v1/jobs/{job}/curves?points=40", Ct)).Length;
        return new Sizes(view, list, leased, last.Data.Length, segments, curves);
    }

    private sealed record Sizes(int View, int List, int Lease, int Event, int Segments, int Curves);
}
