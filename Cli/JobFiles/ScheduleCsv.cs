using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.JobFiles;

/// <summary>A schedule as a file of runs, header <c>start,steps,from,to,reason</c>; reasons are quoted as RFC 4180 says.</summary>
internal static class ScheduleCsv
{
    private const string Header = "start,steps,from,to,reason";

    /// <summary>The file's text.</summary>
    public static string Write(IEnumerable<ScheduleRun> runs)
    {
        var text = new StringBuilder(Header).Append('\n');
        foreach (ScheduleRun run in runs)
        {
            text.Append(CultureInfo.InvariantCulture, $"{run.Start},{run.Steps},{run.From:R},{run.To:R},\"{run.Reason.Replace("\"", "\"\"")}\"\n");
        }

        return text.ToString();
    }

    /// <summary>The runs as <c>[[steps, from, to], …]</c>; what is wrong is added to <paramref name="problems"/>.</summary>
    public static JsonArray Read(string file, string text, List<FileProblem> problems)
    {
        string[] lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        var runs = new JsonArray();
        string[] columns = lines[0].TrimStart('\uFEFF').Split(',');
        if (columns is not ["start", "steps", "from", "to", ..])
        {
            problems.Add(new FileProblem(file, 1, "", $"found the header \"{lines[0]}\"; {Header} is wanted"));
            return runs;
        }

        long expected = 0;
        for (int i = 1; i < lines.Length; i++)
        {
            // The four numbers hold no commas or quotes, so that a reason, whatever it holds, need not be split.
            string[] cells = lines[i].Split(',', 5);
            if (cells.Length < 4
                || !long.TryParse(cells[0], NumberStyles.None, CultureInfo.InvariantCulture, out long start)
                || !long.TryParse(cells[1], NumberStyles.None, CultureInfo.InvariantCulture, out long steps)
                || !double.TryParse(cells[2], NumberStyles.Float, CultureInfo.InvariantCulture, out double from)
                || !double.TryParse(cells[3], NumberStyles.Float, CultureInfo.InvariantCulture, out double to)
                || steps < 1 || !(from >= 0) || !(to >= 0) || !double.IsFinite(from) || !double.IsFinite(to))
            {
                problems.Add(new FileProblem(file, i + 1, "", $"found \"{lines[i]}\"; start, steps of at least 1, and two rates of at least 0 are wanted"));
                return runs;
            }

            if (start != expected)
            {
                problems.Add(new FileProblem(file, i + 1, "start", $"found {start}; {expected}, where the run before ends, is wanted"));
                return runs;
            }

            runs.Add(new JsonArray(steps, from, to));
            expected += steps;
        }

        if (runs.Count == 0)
        {
            problems.Add(new FileProblem(file, 1, "", "found no run; at least one line below the header is wanted"));
        }

        return runs;
    }
}
