using Orchestrator.Bo.Searches;
using Orchestrator.Cli.Watching;
using Orchestrator.Contracts.Jobs;
using Spectre.Console;

namespace Orchestrator.Cli.Tests;

/// <summary>The live picture as text.</summary>
public sealed class LiveViewTests
{
    private static JobView Job => new()
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

    [Fact]
    public void Rungs_are_columns_rates_are_rows_and_the_peak_and_its_reason_stand_below()
    {
        string[] shown = Shown(SimulatedJob.Annealed(), 100);
        string names = Assert.Single(shown, line => line.Contains("rung 0"));
        Assert.Contains("rung 0 · 12 steps", names);
        Assert.Contains("rung 1 · 48 steps", names);
        Assert.Contains("rung 2 · 128 steps", names);
        Assert.Single(shown, line => line.Contains("peak "));
        Assert.Contains(shown, line => line.StartsWith("why ", StringComparison.Ordinal) && line.Contains("loss is not seen to fall any more"));
    }

    [Fact]
    public void Stages_are_rows_with_what_was_forecast_and_what_came_and_the_purses_stand_below()
    {
        SimulatedJob simulated = SimulatedJob.AutoLrs();
        string[] shown = Shown(simulated, 100, Job with { Steps = new StepCounts(220, 55, 3), Step = 220, TotalSteps = 1100 });
        Assert.Contains("digits  annealed  running  step 220 of 1100  03:07", shown[0]);
        string names = Assert.Single(shown, line => line.Contains("forecast"));
        Assert.All((string[])["stage", "steps", "rate", "realised", "tried"], name => Assert.Contains(name, names));
        string[] stages = [.. shown.Where(line => line.Contains(" ± ", StringComparison.Ordinal))];
        Assert.Equal(simulated.Run.Decisions<ChooseRate>().GroupBy(choice => choice.Stage).Count(stage => stage.Last().Forecast is not null), stages.Length);
        Assert.Contains(shown, line => line.StartsWith("loss ", StringComparison.Ordinal));
        Assert.Contains(shown, line => line.StartsWith("rate ", StringComparison.Ordinal));
        Assert.Contains(shown, line => line.Contains("training 220 · search 55 · evaluation 3", StringComparison.Ordinal) && line.Contains("5 % overhead", StringComparison.Ordinal));
    }

    [Fact]
    public void A_race_is_a_column_of_its_own() =>
        Assert.Matches("rung 2 · 128 steps +race", Assert.Single(Shown(SimulatedJob.Annealed(parallelism: 8, race: 1), 100), line => line.Contains("rung 0")));

    [Fact]
    public void More_rates_than_there_are_lines_are_counted()
    {
        string[] shown = Shown(SimulatedJob.Annealed(parallelism: 8), 17);
        Assert.Contains(shown, line => line.Contains("more rates"));
    }

    [Fact]
    public void Jobs_stand_in_columns_under_their_names()
    {
        JobView job = Job;
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

    private static string[] Shown(SimulatedJob simulated, int height, JobView? view = null)
    {
        var job = new WatchedJob();
        foreach (JobEventView e in simulated.Events)
        {
            job.Take(e);
        }

        if (view is not null)
        {
            job.Path.Show(simulated.Curves);
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
        console.Write(LiveView.Render(job, view, null, 120, height));
        return writer.ToString().Split('\n');
    }
}
