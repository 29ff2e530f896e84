using System.CommandLine;
using Orchestrator.TestKit.Processes.Kills;
using Spectre.Console;

namespace Orchestrator.Benchmarks.Faults;

/// <summary>
/// Many jobs, each with one SIGKILL at a random moment: of a trainer, of an agent with all its slots busy, of the silo.
/// Exit code 1 where a result differs from the undisturbed one, or a kill cost more than the segments that ran in what was killed.
/// </summary>
internal static class KillBenchmark
{
    public static Command Command()
    {
        var times = new Option<int>("--times") { Description = "Kills of each kind.", DefaultValueFactory = _ => 50 };
        var seed = new Option<long>("--seed") { Description = "Draws the moments; the same seed, the same moments.", DefaultValueFactory = _ => 1 };
        var slots = new Option<int>("--slots") { Description = "Slots of the agent.", DefaultValueFactory = _ => 2 };
        var kinds = new Option<Victim[]>("--kinds")
        {
            Description = "What is killed.",
            DefaultValueFactory = _ => Enum.GetValues<Victim>(),
            AllowMultipleArgumentsPerToken = true,
        };
        var command = new Command("kill", "SIGKILL to trainers, agents and the silo at random moments of a job.") { times, seed, slots, kinds };
        command.SetAction((parse, ct) => RunAsync(
            parse.GetValue(times), parse.GetValue(seed), parse.GetValue(slots), parse.GetRequiredValue(kinds), ct));
        return command;
    }

    private static async Task<int> RunAsync(int times, long seed, int slots, Victim[] kinds, CancellationToken ct)
    {
        Console.Error.WriteLine($"seed {seed}; segments of at most {KillJob.SegmentSteps} steps, {slots} slots");
        var table = new Table().AddColumns(
            "killed", "kills", "equal", "hit", "again", "lost max", "lost mean", "wall s", "undisturbed");
        Console.Error.WriteLine("hit: jobs in which a segment was run again; again: most of them in a job; lost: steps; wall: the median");
        bool good = true;
        foreach (Victim kind in kinds)
        {
            await using KillExperiment experiment = await KillExperiment.StartAsync(KillJob.Spec, [slots], ct: ct);
            var outcomes = new List<KillOutcome>();
            for (int i = 0; i < times; i++)
            {
                KillOutcome outcome = await experiment.RunAsync([KillMoment.Draw(seed, kind, i, 0, KillJob.LastMoment)], ct);
                Console.Error.WriteLine($"{i + 1}/{times} {outcome}");
                outcomes.Add(outcome);
            }

            int equal = outcomes.Count(o => o.Differences.Count == 0);
            long lost = outcomes.Max(o => o.Result.Steps.Lost);
            int again = outcomes.Max(o => o.Repeated.Count);
            int ahead = kind == Victim.Agent ? 1 : 0; // granted again, but not a step of it was made
            good &= equal == outcomes.Count && again <= MostSegments(kind, slots) + ahead && lost <= KillJob.SegmentSteps * MostSegments(kind, slots);
            double[] seconds = [.. outcomes.Select(o => o.Result.Seconds.Wall).Order()];
            table.AddRow(
                kind.ToString(), $"{outcomes.Sum(o => o.Kills.Count)}", $"{equal} of {outcomes.Count}",
                $"{outcomes.Count(o => o.Repeated.Count > 0)}", $"{again}", $"{lost}", $"{outcomes.Average(o => o.Result.Steps.Lost):F1}",
                $"{seconds[seconds.Length / 2]:F1}", $"{experiment.Undisturbed.Result.Seconds.Wall:F1}");
        }

        AnsiConsole.Write(table);
        return good ? 0 : 1;
    }

    private static int MostSegments(Victim kind, int slots) => kind switch
    {
        Victim.Trainer => 1,
        Victim.Agent => slots,
        _ => 0,
    };
}
