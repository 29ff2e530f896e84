using System.Diagnostics;
using Orchestrator.Workers.Agent.Processes;
using Orchestrator.Workers.Agent.Trainers;

namespace Orchestrator.Agent.Tests.Processes;

public sealed class OrphanGuardTests
{
    [Fact]
    public async Task What_is_on_the_list_dies_with_the_guard_and_what_was_taken_off_does_not()
    {
        using Process doomed = Process.Start("setsid", ["sleep", "60"]);
        using Process alsoDoomed = Process.Start("setsid", ["sleep", "60"]);
        using Process spared = Process.Start("setsid", ["sleep", "60"]);
        try
        {
            using (var guard = new OrphanGuard())
            {
                guard.Add(doomed.Id);
                guard.Add(spared.Id);
                guard.Add(alsoDoomed.Id);
                guard.Remove(spared.Id);
            }

            await ProcessTable.GoneAsync(doomed.Id, alsoDoomed.Id);
            Assert.True(ProcessTable.IsAlive(spared.Id));
        }
        finally
        {
            spared.Kill();
        }
    }

    [Fact]
    public async Task A_program_gets_exactly_the_environment_it_was_given()
    {
        using var launcher = new ProcessLauncher();
        using Process process = await launcher.StartAsync(
            new TrainerCommand("/usr/bin/env", []), new Dictionary<string, string> { ["A"] = "1" });

        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);

        Assert.Equal("A=1\n", output);
    }

    [Fact]
    public async Task The_memory_of_a_process_counts_its_children()
    {
        using var launcher = new ProcessLauncher();
        using Process process = await launcher.StartAsync(
            new TrainerCommand("/bin/sh", ["-c", "sleep 60 & echo; wait"]), TrainerEnvironment.For("cpu", 1, null));
        await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);

        string statm = await File.ReadAllTextAsync($"/proc/{process.Id}/statm", TestContext.Current.CancellationToken);
        long shell = long.Parse(statm.Split(' ')[1]) * Environment.SystemPageSize;

        Assert.True(ProcessMemory.Resident(process.Id) > shell);
        launcher.Bury(process.Id);
        await ProcessTable.GoneAsync(process.Id);
        Assert.Equal(0, ProcessMemory.Resident(process.Id));
    }
}
