using Orchestrator.Contracts.Jobs;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Orchestrator.Cli.Watching;

/// <summary>The live picture of a job on a terminal.</summary>
internal static class LiveView
{
    private const int MostStages = 14;
    private const string Blocks = "▁▂▃▄▅▆▇█";

    /// <summary>Everything that is shown.</summary>
    public static IRenderable Render(WatchedJob job, JobView? view, int width)
    {
        var rows = new List<IRenderable> { Header(view), Stages(job) };
        int columns = Math.Clamp(width - 26, 20, 100);
        if (job.Losses.Count > 1)
        {
            rows.Add(new Markup($"[grey]loss[/]  [aqua]{Sparkline(job.Losses, columns)}[/] {job.Losses[^1]:G4}"));
            rows.Add(new Markup($"[grey]rate[/]  [yellow]{Sparkline(job.Rates, columns)}[/] {job.Rates[^1]:G4}"));
        }

        if (job.Running.Count > 0 && job.Ended is null)
        {
            rows.Add(new Markup($"[grey]runs[/]  {Markup.Escape(string.Join(" · ", job.Running.Take(4)))}"));
        }

        if (view is not null)
        {
            StepCounts s = view.Steps;
            rows.Add(new Markup($"[grey]steps[/] [green]training {s.Training}[/] · [yellow]search {s.Search}[/] · evaluation {s.Evaluation} · final {s.Final}{(s.Lost > 0 ? $" · [red]lost {s.Lost}[/]" : "")}"));
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

    private static Markup Header(JobView? view) => new(view is null
        ? "[grey]starting…[/]"
        : $"[bold]{Markup.Escape(view.Name)}[/]  {view.Algorithm}  [{Colour(view.Status)}]{view.Status.ToString().ToLowerInvariant()}[/]  step {view.Step}/{view.TotalSteps}  {TimeSpan.FromSeconds(view.Seconds):mm\\:ss}{(view.Reason is { } reason && view.Status is not JobStatus.Running ? "\n[yellow]" + Markup.Escape(reason.Message) + "[/]" : "")}");

    private static string Colour(JobStatus status) => status switch
    {
        JobStatus.Succeeded => "green",
        JobStatus.Failed or JobStatus.Cancelled => "red",
        JobStatus.Running => "aqua",
        _ => "yellow",
    };

    private static Table Stages(WatchedJob job)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (string name in (string[])["stage", "steps", "rate", "forecast", "realised", "tried"])
        {
            table.AddColumn(new TableColumn($"[grey]{name}[/]") { Alignment = Justify.Right });
        }

        foreach (WatchedStage stage in job.Stages.Skip(Math.Max(0, job.Stages.Count - MostStages)))
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

        return table;
    }
}
