using Orchestrator.Cli.Watching;
using Orchestrator.Contracts.Jobs;
using Spectre.Console;

namespace Orchestrator.Cli.Tests;

/// <summary>The live picture as text.</summary>
public sealed class LiveViewTests
{
    [Fact]
    public void Rungs_are_columns_rates_are_rows_and_the_peak_and_its_reason_stand_below()
    {
        string[] shown = Shown(SimulatedJob.Annealed(), 100);
        string names = Assert.Single(shown, line => line.Contains("rung 0"));
        Assert.Contains("rung 0 · 12 steps", names);
        Assert.Contains("rung 1 · 48 steps", names);
        Assert.Contains("rung 2 · 128 steps", names);
        Assert.Single(shown, line => line.Contains("peak "));
        Assert.Contains(shown, line => line.StartsWith("why ", StringComparison.Ordinal) && line.Contains("lowest score"));
    }

    [Fact]
    public void More_rates_than_there_are_lines_are_counted()
    {
        string[] shown = Shown(SimulatedJob.Annealed(parallelism: 8), 17);
        Assert.Contains(shown, line => line.Contains("more rates"));
    }

    [Fact]
    public void Jobs_stand_in_columns_under_their_names()
    {
        JobView job = new()
        {
            Id = "j1",
            Name = "digits",
            Status = JobStatus.Running,
            Algorithm = "annealed",
            TotalSteps = 1100,
            Step = 220,
            Steps = new StepCounts(220, 293, 9),
            Segments = new Dictionary<string, int> { ["planned"] = 2, ["succeeded"] = 20, ["failed"] = 0 },
            Sequence = 9,
            Seconds = 187,
            Loss = 0.25,
            LearningRate = 0.5,
        };
        Assert.Equal(
            [
                "JOB     NAME    STATUS   STEP      ALGORITHM  SEARCH  TIME",
                "j1      digits  running  220/1100  annealed   293     03:07",
                "longer  digits  running  220/1100  annealed   293     03:07",
            ],
            JobLines.Table([job, job with { Id = "longer" }]));
        Assert.Empty(JobLines.Table([]));
        string facts = JobLines.Facts(job);
        Assert.Contains("step       220 of 1100 of the path, training loss 0.25, rate 0.5", facts);
        Assert.Contains("segments   2 planned, 20 succeeded", facts);
    }

    private static string[] Shown(SimulatedJob simulated, int height)
    {
        var job = new WatchedJob();
        foreach (JobEventView e in simulated.Events)
        {
            job.Take(e);
        }

        using var writer = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        console.Profile.Width = 120;
        console.Write(LiveView.Render(job, null, null, 120, height));
        return writer.ToString().Split('\n');
    }
}
