using Orchestrator.Contracts.Jobs;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Silo.Tests.Faults;

public sealed class KilledSiloTests(ServedSilo served) : OwnSiloTest
{
    private const int Kills = 20;

    /// <summary>A long grace costs nothing: it is over when every known worker has said what it holds.</summary>
    protected override IReadOnlyList<string> Options => ["--lease-seconds", "40", "--grace-seconds", "15", "--heartbeat-seconds", "0.25"];

    [Theory]
    [InlineData(1)]
    public async Task A_silo_killed_at_twenty_random_moments_of_a_job_changes_nothing_and_loses_nothing(int seed)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        (JobResult undisturbed, int answers) = await UndisturbedAsync();
        var random = new Random(seed);
        int[] moments = [.. Enumerable.Range(0, Kills).Select(_ => random.Next(1, answers)).Order()];
        ProtocolWorker[] workers = [NewWorker("first"), NewWorker("second")];
        var progress = new Progress();
        foreach (ProtocolWorker worker in workers)
        {
            worker.OnAnswer = _ => progress.Step();
        }

        using var stop = new CancellationTokenSource();
        Task[] working = [.. workers.Select(worker => worker.RunAsync(stop.Token))];
        string job = (await SubmitAsync(Job(Pool))).Id;
        foreach (int moment in moments)
        {
            await progress.ReachesAsync(moment, Ct);

            // Anywhere within whatever it does then.
            await Task.Delay(TimeSpan.FromMilliseconds(4 * random.NextDouble()), TimeProvider.System, Ct);
            await Silo.KillAsync();
            await Silo.StartAgainAsync();
        }

        await JobRun.EndedAsync(Silo.Api, job);
        JobResult result = await Silo.Api.ResultAsync(job, Ct);
        await stop.CancelAsync();
        await Task.WhenAll(working);
        Assert.Equal(Essence.Of(undisturbed), Essence.Of(result));
        Assert.Equal(undisturbed.Checkpoint, result.Checkpoint);
        Assert.Equal(0, result.Steps.Lost);
        Assert.Equal(result.Steps.Training + result.Steps.Search, workers.Sum(worker => worker.StepsRun));
    }

    private static System.Text.Json.Nodes.JsonObject Job(string pool) => QuadraticJobs.AutoLrs(pool, steps: 200, stageSteps: 40);

    private async Task<(JobResult Result, int Answers)> UndisturbedAsync()
    {
        var silo = await served.SiloAsync();
        string pool = $"pool-{Guid.NewGuid():N}";
        using var worker = new ProtocolWorker(() => silo.Address, pool);
        int answers = 0;
        worker.OnAnswer = count => answers = count;
        JobView job = await JobRun.SubmitAsync(silo, Job(pool));
        return (await worker.UntilEndAsync(silo, job.Id), answers);
    }

    /// <summary>Counts what workers were answered, and says when there were enough.</summary>
    private sealed class Progress
    {
        private readonly Lock _gate = new();
        private int _count;
        private (int Wanted, TaskCompletionSource Reached) _waiting = (int.MaxValue, new());

        public void Step()
        {
            lock (_gate)
            {
                if (++_count >= _waiting.Wanted)
                {
                    _waiting.Reached.TrySetResult();
                }
            }
        }

        public async Task ReachesAsync(int wanted, CancellationToken ct)
        {
            TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_gate)
            {
                if (_count >= wanted)
                {
                    return;
                }

                _waiting = (wanted, reached);
            }

            await reached.Task.WaitAsync(JobRun.Hangs, ct);
        }
    }
}
