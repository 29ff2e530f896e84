using System.Globalization;
using System.Text;
using MathNet.Numerics.Statistics;

namespace Orchestrator.Benchmarks.OnTheClock;

/// <summary>The comparison as Markdown that can be read in a terminal too: its columns are padded.</summary>
internal static class ClockReport
{
    private const string Unknown = "–";
    private const string Share = "+0.0 %;-0.0 %;0.0 %";

    /// <summary>A table a workload, the claims, and what failed.</summary>
    public static string Render(IReadOnlyList<ClockRun> runs)
    {
        var text = new StringBuilder();
        IReadOnlyList<ClockSummary> rows = ClockSummary.Of(runs);
        foreach (IGrouping<string, ClockSummary> workload in rows.GroupBy(row => row.Workload))
        {
            Append(text, Heading(workload.First()), Methods([.. workload]));
        }

        List<string[]> claims = Claims(rows);
        if (claims.Count > 1)
        {
            Append(text, "Claims", claims);
        }

        foreach (ClockRun run in runs.Where(run => run.Failure is not null))
        {
            text.AppendLine($"- {run.Job.Workload}/{run.Job.Method}, seed {run.Seed}: {run.Failure}");
        }

        if (runs.Any(run => run.Failure is not null))
        {
            text.AppendLine();
        }

        string[] versions = [.. runs.Select(run => run.Result?.Version).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        string[] classes = [.. runs.Select(run => run.Result?.Placement?.Class).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        text.AppendLine($"Versions: {string.Join(", ", versions)}. Numeric classes: {string.Join(", ", classes)}.");
        return text.ToString();
    }

    /// <summary>What the columns are.</summary>
    public static string Legend =>
        $"""
        Loss: mean ± deviation over seeds, of the runs that ended with a model. Training, search, evaluation, total: steps
        over T, means; in brackets the largest total. Path, wall: on {ClockSummary.Slots} simulated slots, over a plain
        training on one: path with steps for time, wall with the seconds that each segment took. Over grid, over halving:
        validation loss on the same seeds, geometric mean and 90 % interval by Student's t.
        """;

    private static string Heading(ClockSummary row)
    {
        string seeds = string.Join(", ", row.Beside.Select(run => run.Seed).Distinct().Order());
        return $"{row.Workload}, T = {row.Runs[0].Job.Steps}, seeds {seeds}";
    }

    private static List<string[]> Methods(ClockSummary[] rows)
    {
        string tested = rows.Any(row => !double.IsNaN(row.Mean("test_bits_per_byte"))) ? "test_bits_per_byte" : "test_accuracy";
        string[] header =
        [
            "method", "validation loss", "test loss", tested.Replace('_', ' '), "training", "search", "evaluation", "total", "path", "wall",
            "over grid", "over halving", "seconds", "failed",
        ];
        return
        [
            header,
            .. rows.Select(row => (string[])
            [
                row.Method,
                row.Validation.Length > 1 ? $"{Number(row.Validation.Mean(), "F4")} ± {Number(row.Validation.StandardDeviation(), "F4")}" : Number(row.Validation.Mean(), "F4"),
                Number(row.Mean("test_loss"), "F4"),
                Number(row.Mean(tested), "F4"),
                Number(row.Mean(steps => steps.Training), "F2"),
                Number(row.Mean(steps => steps.Search), "F2"),
                Number(row.Mean(steps => steps.Evaluation), "F3"),
                row.Totals.Length > 1 ? $"{Number(row.Totals.Mean(), "F2")} ({Number(row.Totals.Max(), "F2")})" : Number(row.Totals.Mean(), "F2"),
                Number(row.CriticalPaths.Mean(), "F3"),
                Number(row.WallsOverPlain.Mean(), "F2"),
                row.Method == "cosine-grid" ? "" : Ratio(row.Over("cosine-grid")),
                row.Method == "halving" ? "" : Ratio(row.Over("halving")),
                Number(row.Runs.Select(run => run.Result?.Seconds.Wall).OfType<double>().Mean(), "F0"),
                row.Failed == 0 ? "" : $"{row.Failed} of {row.Runs.Count}",
            ]),
        ];
    }

    private static List<string[]> Claims(IReadOnlyList<ClockSummary> rows)
    {
        var table = new List<string[]> { new[] { "workload", "method", "claim", "at most", "measured", "holds" } };
        foreach (Claim claim in Claim.All)
        {
            if (rows.FirstOrDefault(row => row.Workload == claim.Workload && row.Method == claim.Method) is { } row)
            {
                string format = claim.Share ? Share : "0.###";
                double? measured = claim.Measure(row) is { } value && double.IsFinite(value) ? value : null;
                table.Add(
                [
                    claim.Workload, claim.Method, claim.What, claim.Bound.ToString(format, CultureInfo.InvariantCulture),
                    measured?.ToString(format, CultureInfo.InvariantCulture) ?? Unknown,
                    measured is null ? Unknown : measured <= claim.Bound ? "yes" : "**no**",
                ]);
            }
        }

        return table;
    }

    private static void Append(StringBuilder text, string heading, List<string[]> table)
    {
        int[] widths = [.. Enumerable.Range(0, table[0].Length).Select(column => table.Max(row => row[column].Length))];
        text.AppendLine($"### {heading}").AppendLine();
        Line(table[0]);
        text.AppendLine($"|{string.Join("|", widths.Select(width => new string('-', width + 2)))}|");
        table.Skip(1).ToList().ForEach(Line);
        text.AppendLine();
        void Line(string[] row) => text.AppendLine($"| {string.Join(" | ", row.Select((cell, column) => cell.PadRight(widths[column])))} |");
    }

    private static string Ratio(PairedRatio? ratio) => ratio switch
    {
        null => Unknown,
        { Seeds: 1 } => Percent(ratio.Mean),
        _ => $"{Percent(ratio.Mean)} [{Percent(ratio.Low)}, {Percent(ratio.High)}]",
    };

    private static string Percent(double share) => share > 9.99
        ? ">+999 %"
        : share.ToString(Share, CultureInfo.InvariantCulture);

    private static string Number(double value, string format) => double.IsNaN(value) ? Unknown : value.ToString(format, CultureInfo.InvariantCulture);
}
