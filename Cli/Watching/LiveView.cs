using Orchestrator.Contracts.Jobs;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Orchestrator.Cli.Watching;

/// <summary>The live picture of a job on a terminal.</summary>
internal static class LiveView
{
    /// <summary>Lines that are no stages: header, the table's own, the reason, sparklines, what runs, steps, a note.</summary>
    private const int OtherLines = 14;

    private const string Blocks = "▁▂▃▄▅▆▇█";

    /// <summary>Everything that is shown.</summary>
    public static IRenderable Render(WatchedJob job, JobView? view, string? note, int width, int height)
    {
        var rows = new List<IRenderable> { Header(view) };
        int room = Math.Max(3, height - OtherLines);
        if (job.Log.Outline.Form is SearchForm.Rungs or SearchForm.Trials)
        {
            if (RungTable.Of(job, room) is { } rungs)
            {
                rows.Add(rungs);
            }
        }
        else if (job.Stages.Count > 0 || job.Probed is not null)
        {
            rows.Add(Stages(job, room));
        }

        if (job.LastReason is { } why)
        {
            rows.Add(new Markup($"[grey]why[/]    {Markup.Escape(why)}"));
        }

        int columns = Math.Clamp(width - 26, 20, 100);
        IReadOnlyList<PathPoint> path = job.Path.Points;
        if (path.Count > 1)
        {
            rows.Add(new Markup($"[grey]loss[/]   [aqua]{Sparkline([.. path.Select(point => point.Loss)], columns)}[/] {path[^1].Loss:G4}"));
            rows.Add(new Markup($"[grey]rate[/]   [yellow]{Sparkline([.. path.Select(point => point.Rate)], columns)}[/] {path[^1].Rate:G4}"));
        }

        if (job.Running.Count > 0 && job.Ended is null)
        {
            rows.Add(new Markup($"[grey]runs[/]   {Markup.Escape(string.Join(" · ", job.Running.Take(4)))}"));
        }

        if (view is not null)
        {
            StepCounts s = view.Steps;
            rows.Add(new Markup($"[grey]steps[/]  [green]training {s.Training}[/] · [yellow]search {s.Search}[/] · evaluation {s.Evaluation} · final {s.Final}{Overhead(view)}{(s.Lost > 0 ? $" · [red]lost {s.Lost}[/]" : "")}"));
        }

        if (note is not null)
        {
            rows.Add(new Markup($"[yellow]{Markup.Escape(note)}[/]"));
        }

        return new Rows(rows);
    }

    /// <summary>The last values as blocks, one a column, on a log scale where they span more than a decade.</summary>
    public static string Sparkline(IReadOnlyList<double> values, int columns)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        if (finite.Length == 0)
        {
            return "";
        }

        bool log = finite.Min() > 0 && finite.Max() > 10 * finite.Min();
        int each = Math.Max(1, (finite.Length + columns - 1) / columns);
        double[] means = [.. finite.Chunk(each).Select(chunk => log ? Math.Log(chunk.Average()) : chunk.Average())];
        (double low, double high) = (means.Min(), means.Max());
        return string.Concat(means.Select(v => Blocks[high > low ? (int)Math.Round((v - low) / (high - low) * (Blocks.Length - 1)) : Blocks.Length / 2]));
    }

    private static Markup Header(JobView? view)
    {
        if (view is null)
        {
            return new Markup("[grey]starting…[/]");
        }

        string reason = view.Reason is { } why && view.Status is not JobStatus.Running ? $"\n[yellow]{Markup.Escape(why.Message)}[/]" : "";
        return new Markup(
            $"[bold]{Markup.Escape(view.Name)}[/]  {view.Algorithm}  [{Colour(view.Status)}]{view.Status.ToString().ToLowerInvariant()}[/]  "
            + $"step {view.Step} of {view.TotalSteps}  {JobLines.Duration(view.Seconds)}{reason}");
    }

    /// <summary>What the search cost so far, as a share of the training it is for.</summary>
    private static string Overhead(JobView view) => view.Steps.Charged == view.Steps.Training || view.TotalSteps == 0 ? ""
        : $" · [bold]{100.0 * (view.Steps.Charged - view.Steps.Training) / view.TotalSteps:F0} %[/] overhead";

    private static string Colour(JobStatus status) => status switch
    {
        JobStatus.Succeeded => "green",
        JobStatus.Failed or JobStatus.Cancelled => "red",
        JobStatus.Running => "aqua",
        _ => "yellow",
    };

    private static Table Stages(WatchedJob job, int most)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (string name in (string[])["stage", "steps", "rate", "forecast", "realised", "tried"])
        {
            table.AddColumn(new TableColumn($"[grey]{name}[/]") { Alignment = Justify.Right });
        }

        foreach (WatchedStage stage in job.Stages.Skip(Math.Max(0, job.Stages.Count - most)))
        {
            int gone = stage.Candidates.Count(c => c.Diverged);
            table.AddRow(
                stage.Index.ToString(),
                $"{stage.Start}–{stage.Start + stage.Steps}",
                stage.Chosen is { } rate ? $"[yellow]{rate:G4}[/]" : stage.Kind,
                stage.ForecastMean is { } mean ? $"{mean:G4} ± {stage.ForecastSd:G2}" : "",
                stage.Realised is { } real ? $"[aqua]{real:G4}[/]" : "",
                stage.Candidates.Count == 0 ? "" : gone > 0 ? $"{stage.Candidates.Count} [red]({gone} diverged)[/]" : stage.Candidates.Count.ToString());
        }

        if (job.Probed is { } probed)
        {
            table.AddRow(probed.Index.ToString(), $"{probed.Start}–", "[grey]trying[/]", "", "", $"{probed.Observed} of {probed.Planned}");
        }

        return table;
    }
}
