using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.EndToEnd.Tests.Runs;

/// <summary>`orchestrator run` that is ended in the middle: the same command goes on from there, to the same bits.</summary>
public sealed class InterruptedRunTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Hangs = TimeSpan.FromMinutes(3);

    /// <summary>Long enough to be interrupted on any machine: eleven stages of training after the first decision, few of them probed.</summary>
    private static readonly string Job = OrchestratorCommand.DigitsJob
        .Replace("hidden: 16, batchSize: 64", "hidden: 64, batchSize: 256")
        .Replace("steps: 220", "steps: 3600\nsegmentSteps: 100")
        .Replace("stageSteps: 55, probeSteps: 10", "stageSteps: 300, probeSteps: 100");

    private static readonly Lazy<Task<JobResult>> Undisturbed = new(RunUndisturbedAsync);

    [Fact]
    public async Task Killed_in_the_middle_its_children_go_and_the_same_command_gives_the_same_bits()
    {
        using var folder = new TemporaryFolder();
        JobResult undisturbed = await Undisturbed.Value;
        await InterruptAsync(folder, async (command, children) =>
        {
            await command.KillAsync();
            long killed = TimeProvider.System.GetTimestamp();
            await Waiting.UntilAsync(() => !children.Any(ProcessTree.IsAlive), "the children are gone", TimeSpan.FromSeconds(8), TestContext.Current.CancellationToken);
            output.WriteLine($"{children.Count} children were gone {TimeProvider.System.GetElapsedTime(killed).TotalSeconds:F2} s after the kill");
        });
        await GoesOnAsync(folder, undisturbed);
    }

    [Fact]
    public async Task Ended_by_Ctrl_C_it_says_that_nothing_is_lost_and_the_same_command_gives_the_same_bits()
    {
        using var folder = new TemporaryFolder();
        JobResult undisturbed = await Undisturbed.Value;
        await InterruptAsync(folder, async (command, children) =>
        {
            // A terminal sends it to all processes of the foreground group, the silo and the agent among them.
            command.SignalGroup("INT");
            int code = await command.ExitAsync(Hangs, TestContext.Current.CancellationToken);
            Assert.True(code == 1, $"exit code {code}\n{command.Out}{command.Error}");
            Assert.Equal("Stopped. Nothing is lost: the same command goes on from here.\n", command.Error);
            Assert.DoesNotContain(children, ProcessTree.IsAlive);
        });
        JobResult result = await GoesOnAsync(folder, undisturbed);
        Assert.Equal(0, result.Steps.Lost);
    }

    [Theory]
    [InlineData("", "", "", "stage 0, ", "stage 4, ", "stage 11, ")]
    [InlineData("stage 1, ", "", "stage 7, ", "", "All 3600 steps", "")]
    public async Task Its_silo_is_started_again_whenever_it_is_killed_also_as_it_starts_and_gives_the_same_bits(params string[] moments)
    {
        using var folder = new TemporaryFolder();
        JobResult undisturbed = await Undisturbed.Value;
        File.WriteAllText(folder.File("job.yaml"), Job);
        await using ProgramProcess command = Start(folder);
        int killed = 0;
        foreach (string said in moments)
        {
            int silo = 0;
            await Waiting.UntilAsync(
                () =>
                {
                    silo = ProcessTree.Descendants(command.Id, "orchestrator-silo").FirstOrDefault(process => process != killed);
                    return !command.IsAlive || (silo != 0 && command.Out.Contains(said, StringComparison.Ordinal));
                },
                $"a silo, and '{said}'", Hangs, TestContext.Current.CancellationToken);
            if (silo != 0)
            {
                using var process = System.Diagnostics.Process.GetProcessById(silo);
                process.Kill();
                killed = silo;
            }
        }

        int code = await command.ExitAsync(Hangs, TestContext.Current.CancellationToken);
        Assert.True(code == 0, $"exit code {code}: {command.Error}");
        Assert.Empty(ReproducibleResult.Differences(undisturbed, OrchestratorCommand.ReadResult(folder.File("out"))));
    }

    [Fact]
    public async Task A_folder_whose_mark_was_emptied_by_a_full_disk_is_still_the_jobs()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("job.yaml"), OrchestratorCommand.DigitsJob);
        string[] command = ["run", folder.File("job.yaml"), "--out", folder.File("out")];
        JobResult first = await SucceedAsync(folder, command);
        File.WriteAllText(folder.File("out/state/job"), "");
        Assert.Equal(first.Job, (await SucceedAsync(folder, command)).Job);
    }

    [Fact]
    public async Task A_folder_belongs_to_one_job_whose_result_is_kept_until_the_state_is_given_up()
    {
        using var folder = new TemporaryFolder();
        string file = folder.File("job.yaml");
        string[] command = ["run", file, "--out", folder.File("out")];
        File.WriteAllText(file, OrchestratorCommand.DigitsJob);
        JobResult first = await SucceedAsync(folder, command);
        JobResult again = await SucceedAsync(folder, command);
        Assert.Equal((first.Job, first.Seconds), (again.Job, again.Seconds));

        File.WriteAllText(file, OrchestratorCommand.DigitsJob + "\nseed: 2\n");
        (int code, _, string error) = await OrchestratorCommand.RunAsync(command);
        Assert.Equal(2, code);
        Assert.Contains("holds the state of another job", error);
        Assert.Contains("--fresh", error);
        Assert.Equal(1, OrchestratorCommand.ReadResult(folder.File("out")).Seed);

        JobResult fresh = await SucceedAsync(folder, [.. command, "--fresh"]);
        Assert.Equal(2, fresh.Seed);
    }

    [Fact]
    public async Task A_second_run_in_the_folder_of_one_that_runs_is_refused_and_does_not_disturb_it()
    {
        using var folder = new TemporaryFolder();
        JobResult undisturbed = await Undisturbed.Value;
        File.WriteAllText(folder.File("job.yaml"), Job);
        await using ProgramProcess first = Start(folder);
        await Waiting.UntilAsync(
            () => first.Out.Contains("stage 0, ", StringComparison.Ordinal), "the first stage is decided", Hangs, TestContext.Current.CancellationToken);
        (int code, _, string error) = await OrchestratorCommand.RunAsync("run", folder.File("job.yaml"), "--out", folder.File("out"));
        Assert.Equal(2, code);
        Assert.Contains("in use", error);
        int ended = await first.ExitAsync(Hangs, TestContext.Current.CancellationToken);
        Assert.True(ended == 0, first.Error);
        Assert.Empty(ReproducibleResult.Differences(undisturbed, OrchestratorCommand.ReadResult(folder.File("out"))));
    }

    private static async Task<JobResult> RunUndisturbedAsync()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("job.yaml"), Job);
        return await SucceedAsync(folder, ["run", folder.File("job.yaml"), "--out", folder.File("out"), "--slots", "2"]);
    }

    private static async Task<JobResult> SucceedAsync(TemporaryFolder folder, string[] command)
    {
        (int code, _, string error) = await OrchestratorCommand.RunAsync(command);
        Assert.True(code == 0, error);
        return OrchestratorCommand.ReadResult(folder.File("out"));
    }

    /// <summary>In a group of its own, and with SIGINT as a terminal's shell leaves it: in the background of a script it is ignored.</summary>
    private static ProgramProcess Start(TemporaryFolder folder) => ProgramProcess.Start(
        "setsid",
        [
            "env", "--default-signal=INT", Executables.Path("Cli", "orchestrator"), "run", folder.File("job.yaml"),
            "--out", folder.File("out"), "--slots", "2",
        ]);

    private static async Task InterruptAsync(TemporaryFolder folder, Func<ProgramProcess, IReadOnlyList<int>, Task> interrupt)
    {
        File.WriteAllText(folder.File("job.yaml"), Job);
        await using ProgramProcess command = Start(folder);
        await Waiting.UntilAsync(
            () => !command.IsAlive ? throw new InvalidOperationException(command.Error) : command.Out.Contains("stage 0, ", StringComparison.Ordinal),
            "the first stage is decided", Hangs, TestContext.Current.CancellationToken);
        int[] children =
        [
            .. ((string[])["orchestrator-silo", "orchestrator-agent", "orchestrator-trainer"])
                .SelectMany(program => ProcessTree.Descendants(command.Id, program)),
        ];
        Assert.True(children.Length >= 3, string.Join('\n', children.Select(ProcessTree.CommandLine)));
        await interrupt(command, children);
        Assert.False(File.Exists(Path.Combine(folder.File("out"), "result.json")), "it ended before it was interrupted");
    }

    private static async Task<JobResult> GoesOnAsync(TemporaryFolder folder, JobResult undisturbed)
    {
        JobResult result = await SucceedAsync(folder, ["run", folder.File("job.yaml"), "--out", folder.File("out"), "--slots", "2"]);
        Assert.Empty(ReproducibleResult.Differences(undisturbed, result));
        Assert.InRange(result.Steps.Lost, 0, 2 * 100);
        return result;
    }
}
