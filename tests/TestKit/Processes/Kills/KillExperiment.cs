using System.Text.Json;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.TestKit.Processes.Kills;

/// <summary>Runs a job under kills, and holds its result to that of the same job left alone.</summary>
public sealed class KillExperiment : IAsyncDisposable
{
    private const int MostRepetitions = 2;
    private static readonly TimeSpan Hangs = TimeSpan.FromMinutes(4);
    private readonly ServedCluster _cluster;
    private readonly JsonElement _spec;

    private readonly int _busy;

    private KillExperiment(ServedCluster cluster, JsonElement spec, UndisturbedRun undisturbed, int? busy)
    {
        (_cluster, _spec, Undisturbed) = (cluster, spec, undisturbed);
        _busy = busy ?? Slots;
    }

    /// <summary>The job left alone.</summary>
    public UndisturbedRun Undisturbed { get; }

    /// <summary>Slots of all agents.</summary>
    private int Slots => _cluster.Agents.Sum(agent => agent.Slots);

    /// <summary>Starts a cluster.</summary>
    /// <param name="spec">The job.</param>
    /// <param name="slots">Slots of each agent.</param>
    /// <param name="undisturbed">What the job left alone came to; null = it is run first.</param>
    /// <param name="busy">Segments that must be under way before a kill; null = one a slot.</param>
    /// <param name="ct">Gives up.</param>
    public static async Task<KillExperiment> StartAsync(
        JsonElement spec, IReadOnlyList<int> slots, UndisturbedRun? undisturbed = null, int? busy = null, CancellationToken ct = default)
    {
        ServedCluster cluster = await ServedCluster.StartAsync(LeaseTimes.Short, slots, ct: ct);
        return new KillExperiment(cluster, spec, undisturbed ?? await UndisturbedRun.OfAsync(cluster, spec, ct), busy);
    }

    /// <summary>
    /// Runs the job with the kills in the order of their moments. A job that ends before all of them were made, because
    /// this process was not given its time, is no experiment: it is run anew, twice at most.
    /// </summary>
    public async Task<KillOutcome> RunAsync(IReadOnlyList<KillMoment> moments, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(moments);
        KillOutcome outcome = await OnceAsync(moments, ct);
        for (int again = 0; again < MostRepetitions && outcome.Kills.Count < moments.Count && outcome.Differences.Count == 0; again++)
        {
            outcome = await OnceAsync(moments, ct);
        }

        return outcome;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private async Task<KillOutcome> OnceAsync(IReadOnlyList<KillMoment> moments, CancellationToken ct)
    {
        await _cluster.RegisteredAsync(ct);
        FollowedJob job = await FollowedJob.SubmitAsync(_cluster.Api, _spec, ct);
        var kills = new List<Kill>();
        foreach (KillMoment moment in moments.OrderBy(moment => moment.AfterSegments))
        {
            if (!await BusyAsync(job, moment.AfterSegments, ct))
            {
                break;
            }

            await Task.Delay(Undisturbed.Segment * moment.PartOfSegment, TimeProvider.System, ct);
            int leases = await _cluster.LeasesAsync(ct);
            long last = job.Events[^1].Sequence;
            await KillAsync(moment, ct);
            kills.Add(new Kill(moment, last, leases));
        }

        JobResult result = await job.ResultAsync(Hangs, ct);
        return new KillOutcome(
            kills,
            result,
            ReproducibleResult.Differences(Undisturbed.Result, result),
            [.. job.Events.Where(e => e.Type == "segment_retried").Select(e => Describe(e.Payload))]);
    }

    private static string Describe(JsonElement retried) =>
        $"segment {retried.GetProperty("segment")} {retried.GetProperty("cause")} with {retried.GetProperty("lostSteps")} steps";

    /// <summary>Returns when so many segments have ended and all slots are busy; false where the job ends before that.</summary>
    private async Task<bool> BusyAsync(FollowedJob job, int segments, CancellationToken ct)
    {
        if (!await job.ReachesAsync(j => j.Count("segment_finished") >= segments))
        {
            return false;
        }

        await Waiting.UntilAsync(
            async () => job.Ended.IsCompleted || await _cluster.LeasesAsync(ct) >= _busy, "the slots are busy", Hangs, ct);
        return !job.Ended.IsCompleted;
    }

    private async Task KillAsync(KillMoment moment, CancellationToken ct)
    {
        AgentProcess agent = _cluster.Agents[(int)(moment.Which * _cluster.Agents.Count)];
        switch (moment.Victim)
        {
            case Victim.Trainer:
                IReadOnlyList<int> trainers = [];
                await Waiting.UntilAsync(() => (trainers = agent.Trainers).Count > 0, "a trainer runs", ct: ct);
                using (var trainer = System.Diagnostics.Process.GetProcessById(trainers[(int)(moment.Which * trainers.Count)]))
                {
                    trainer.Kill();
                }

                break;
            case Victim.Agent:
                await agent.KillAsync();
                agent.Start();
                break;
            case Victim.Silo:
                await _cluster.Silo.KillAsync();
                await _cluster.Silo.StartAsync(ct);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(moment));
        }
    }
}
