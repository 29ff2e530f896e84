using Orchestrator.Contracts.Jobs;
using Spectre.Console;

namespace Orchestrator.Cli.Watching;

/// <summary>A search in rungs as a table: a row a rate, a column a rung, in each cell what the rate reached there.</summary>
internal static class RungTable
{
    /// <summary>The table; null as long as nothing was planned.</summary>
    /// <param name="job">The job.</param>
    /// <param name="most">Most rows.</param>
    public static Table? Of(WatchedJob job, int most)
    {
        SearchLog log = job.Log;
        LoggedStretch[] probes = [.. log.Stretches.Values.Where(s => !s.IsPath && s.Rate is not null && (log.Outline.Form == SearchForm.Trials || (log.Outline.Form == SearchForm.Rungs && s.IsCoolDown)))];
        if (probes.Length == 0)
        {
            return null;
        }

        int[] stages = [.. probes.Select(probe => probe.Stage).Distinct().Order()];
        double? peak = log.Decisions.LastOrDefault(d => d is { Kind: "choose", StageKind: "path" })?.Chosen;
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn(new TableColumn("[grey]rate[/]") { Alignment = Justify.Right });
        foreach (int stage in stages)
        {
            if (Choice(log, stage) is { StageKind: "path" })
            {
                table.AddColumn(new TableColumn("[grey]race[/]") { Alignment = Justify.Right });
                continue;
            }

            long steps = Choice(log, stage)?.Steps ?? probes.Where(probe => probe.Stage == stage).Max(probe => probe.Start + probe.Steps);
            table.AddColumn(new TableColumn($"[grey]rung {job.RungOf(stage)} · {steps} steps[/]") { Alignment = Justify.Right });
        }

        double[] rates =
        [
            .. probes.GroupBy(probe => probe.Rate!.Value)
                .OrderByDescending(arm => arm.Max(probe => probe.Stage))
                .ThenBy(arm => arm.Max(probe => log.Outline.Shown(probe.Score)) ?? double.MaxValue)
                .Take(most).Select(arm => arm.Key).OrderDescending(),
        ];
        foreach (double rate in rates)
        {
            table.AddRow([$"{rate:G4}", .. stages.Select(stage => Cell(log, probes, stage, rate))]);
        }

        int left = probes.Select(probe => probe.Rate).Distinct().Count() - rates.Length;
        string caption = peak is { } chosen ? $"[bold yellow]peak {chosen:G4}[/]" : $"[grey]{Markup.Escape(log.Outline.Metric.Replace('_', ' '))}{(log.Outline.Form == SearchForm.Rungs ? " after a cool-down to 0" : "")}[/]";
        table.Caption = new TableTitle(left > 0 ? $"{caption} [grey]· {left} more rates[/]" : caption);
        return table;
    }

    private static LoggedDecision? Choice(SearchLog log, int stage) => log.Decisions.LastOrDefault(d => d.Kind == "choose" && d.Stage == stage);

    private static string Cell(SearchLog log, LoggedStretch[] probes, int stage, double rate)
    {
        LoggedDecision? choice = Choice(log, stage);
        if (choice?.Candidates.Any(c => c.LearningRate == rate && c.Outcome == "skipped") == true)
        {
            return "[grey]too far behind[/]";
        }

        return probes.LastOrDefault(probe => probe.Stage == stage && probe.Rate == rate) switch
        {
            null => "",
            { Outcome: null } => "[aqua]…[/]",
            { Score: { } score } => choice?.Chosen == rate ? $"[bold yellow]{score:G4}[/]" : $"{score:G4}",
            _ => "[red]diverged[/]",
        };
    }
}
