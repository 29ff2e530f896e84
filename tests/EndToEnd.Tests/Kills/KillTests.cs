using Orchestrator.TestKit.Processes.Kills;

namespace Orchestrator.EndToEnd.Tests.Kills;

/// <summary>
/// Any process may be killed at any instant: the result is that of the undisturbed job, bit for bit, and a kill costs
/// at most the segments that ran in what was killed. tests/Benchmarks kill does the same more often.
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Slots = 2;
    private const int Times = 5;
    private const int MostTimes = 30;

    /// <summary>Kept, so that a failure can be looked at again; other seeds come by the command.</summary>
    private const long Seed = 20_260_101;

    [Fact]
    public Task A_killed_trainer_costs_at_most_the_segment_it_ran() => HoldAsync(Victim.Trainer, mostRepeated: 1, mostLost: 1);

    /// <summary>The one ahead is granted again too, but not a step of it was made.</summary>
    [Fact]
    public Task A_killed_agent_costs_at_most_one_segment_a_slot() => HoldAsync(Victim.Agent, mostRepeated: Slots + 1, mostLost: Slots);

    [Fact]
    public Task A_killed_silo_costs_no_step() => HoldAsync(Victim.Silo, mostRepeated: 0, mostLost: 0);

    [Fact]
    public async Task Many_kills_of_all_kinds_within_one_job_change_nothing()
    {
        await using KillExperiment experiment = await KillExperiment.StartAsync(
            KillJob.Spec, [Slots], await Undisturbed.KillJobAsync(), ct: TestContext.Current.CancellationToken);
        KillOutcome outcome = await experiment.RunAsync(
            [
                KillMoment.Draw(Seed, Victim.Silo, 100, 0, 4),
                KillMoment.Draw(Seed, Victim.Agent, 100, 4, 8),
                KillMoment.Draw(Seed, Victim.Trainer, 100, 8, 11),
                KillMoment.Draw(Seed, Victim.Silo, 101, 11, 13),
                KillMoment.Draw(Seed, Victim.Agent, 101, 13, KillJob.LastMoment),
            ],
            TestContext.Current.CancellationToken);
        output.WriteLine($"seed {Seed}: {outcome}");
        Assert.Equal(5, outcome.Kills.Count);
        Assert.Empty(outcome.Differences);
        Assert.InRange(outcome.Result.Steps.Lost, 0, 5 * KillJob.SegmentSteps);
    }

    [Fact]
    public async Task Eight_busy_slots_and_a_race_come_to_what_two_slots_left_alone_do()
    {
        await using KillExperiment experiment = await KillExperiment.StartAsync(
            KillJob.Racing, [4, 4], await Undisturbed.RacingJobAsync(), busy: 3, ct: TestContext.Current.CancellationToken);
        KillOutcome outcome = await experiment.RunAsync(
            [
                KillMoment.Draw(Seed, Victim.Agent, 200, 0, 8),
                KillMoment.Draw(Seed, Victim.Silo, 200, 8, 16),
                KillMoment.Draw(Seed, Victim.Trainer, 200, 16, 24),
                KillMoment.Draw(Seed, Victim.Agent, 201, 24, 30),
                KillMoment.Draw(Seed, Victim.Silo, 201, 30, 36),
            ],
            TestContext.Current.CancellationToken);
        output.WriteLine($"seed {Seed}: {outcome}");
        Assert.NotEmpty(outcome.Kills);
        Assert.Empty(outcome.Differences);
        Assert.InRange(outcome.Result.Steps.Lost, 0, 9 * KillJob.SegmentSteps);
    }

    /// <param name="victim">What is killed.</param>
    /// <param name="mostRepeated">Segments that may be offered again after a kill.</param>
    /// <param name="mostLost">Segments whose steps may be counted as lost.</param>
    private async Task HoldAsync(Victim victim, int mostRepeated, int mostLost)
    {
        await using KillExperiment experiment = await KillExperiment.StartAsync(
            KillJob.Spec, [Slots], await Undisturbed.KillJobAsync(), ct: TestContext.Current.CancellationToken);
        int repeated = 0;

        // A kill may find its victim idle: there are more of them until one did not, or the test would show nothing.
        bool Hit() => mostRepeated == 0 || repeated > 0;
        for (int i = 0; i < Times || (!Hit() && i < MostTimes); i++)
        {
            var moment = KillMoment.Draw(Seed, victim, i, 0, KillJob.LastMoment);
            KillOutcome outcome = await experiment.RunAsync([moment], TestContext.Current.CancellationToken);
            output.WriteLine($"seed {Seed}: {outcome}");
            Assert.Single(outcome.Kills);
            Assert.Empty(outcome.Differences);
            Assert.InRange(outcome.Repeated.Count, 0, mostRepeated);
            Assert.InRange(outcome.Result.Steps.Lost, 0, mostLost * KillJob.SegmentSteps);
            repeated += outcome.Repeated.Count;
        }

        Assert.True(Hit(), "no kill hit anything: the segments are too short for this machine");
    }
}
