using System.CommandLine;

namespace Orchestrator.Benchmarks.OnTheClock;

/// <summary>
/// The comparison that claims are made by: ordinary job files, run by a silo and an agent as <c>orchestrator run</c>
/// starts them, with nothing but the seed changed and every step counted.
/// </summary>
internal static class OnTheClockBenchmark
{
    public static Command Command()
    {
        var quick = new Option<bool>("--quick") { Description = "Small workloads and two seeds, in under a minute: that it runs, no more." };
        var only = new Option<string[]>("--only")
        {
            Description = "WORKLOAD or WORKLOAD/METHOD, with * for any characters.",
            HelpName = "PATTERN",
            AllowMultipleArgumentsPerToken = true,
        };
        var seeds = new Option<string?>("--seeds") { Description = "Seeds, separated by commas; default 1,2,3, or 1,2 with --quick." };
        var output = new Option<string>("--out")
        {
            Description = "Folder of what was run: what is there, of this version of the product, is not run again.",
            HelpName = "DIR",
            DefaultValueFactory = _ => Path.Combine("runs", "on-the-clock"),
        };
        var slots = new Option<int?>("--slots") { Description = "Slots of each job; default cores. Never changes a loss or a step.", HelpName = "N" };
        var atOnce = new Option<int?>("--jobs")
        {
            Description = "Jobs run at once; default 1, or cores with --quick. Never changes a loss or a step, but their seconds are then those of a busy machine.",
            HelpName = "N",
        };
        var table = new Option<bool>("--table") { Description = "Run nothing: print what was run, of whatever version." };
        var command = new Command("on-the-clock", "Schedule searches against tuned schedules, as ordinary jobs, by every step they take.")
        {
            quick, only, seeds, output, slots, atOnce, table,
        };
        command.SetAction((parse, ct) =>
        {
            bool small = parse.GetValue(quick);
            return RunAsync(
                ClockJob.Read(small, parse.GetValue(only) ?? []),
                [.. (parse.GetValue(seeds) ?? (small ? "1,2" : "1,2,3")).Split(',').Select(long.Parse)],
                new ClockFolder(parse.GetRequiredValue(output)),
                parse.GetValue(slots) ?? Environment.ProcessorCount,
                Math.Max(1, parse.GetValue(atOnce) ?? (small ? Environment.ProcessorCount : 1)),
                parse.GetValue(table),
                ct);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        IReadOnlyList<ClockJob> jobs, long[] seeds, ClockFolder folder, int slots, int atOnce, bool table, CancellationToken ct)
    {
        if (jobs.Count == 0)
        {
            Console.Error.WriteLine($"no job file is meant by this; there are, below {ClockJob.Folder}:");
            Console.Error.WriteLine(string.Join(' ', ClockJob.Read(false, []).Select(job => $"{job.Workload}/{job.Method}")));
            return 2;
        }

        var runs = new List<ClockRun>();
        int ended = 0;
        var runner = new ClockRunner(folder, slots, atOnce, run => Note(Interlocked.Increment(ref ended), jobs.Count * seeds.Length, run));
        foreach (IGrouping<string, ClockJob> workload in jobs.GroupBy(job => job.Workload))
        {
            // All methods with one seed, then with the next: what is there after a while can be compared.
            (ClockJob Job, long Seed)[] wanted = [.. seeds.SelectMany(seed => workload.Select(job => (job, seed)))];
            runs.AddRange(table
                ? wanted.Select(item => folder.Find(item.Job, item.Seed, null)).OfType<ClockRun>()
                : await runner.RunAsync(workload.Key, wanted, ct));
        }

        Console.WriteLine(ClockReport.Render(runs));
        if (!table)
        {
            Console.WriteLine(ClockReport.Legend);
        }

        // A training that diverges is a finding; a job without a result is a fault.
        return runs.Any(run => run.Result is null) ? 1 : 0;
    }

    private static void Note(int number, int count, ClockRun run) => Console.Error.WriteLine(run.Failure is { } failure
        ? $"{number}/{count} {run.Job.Workload}/{run.Job.Method} seed {run.Seed}: {failure}"
        : $"{number}/{count} {run.Job.Workload}/{run.Job.Method} seed {run.Seed}: validation {run.Validation:F4}, total {run.Total:F3}, {run.Result!.Seconds.Wall:F0} s");
}
