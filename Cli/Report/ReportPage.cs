using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.Report;

/// <summary>
/// report.html: one file that opens offline. The numbers stand in it twice: as tables, for readers without JavaScript
/// and for printing, and as data that Apache ECharts, carried along, draws.
/// </summary>
internal static class ReportPage
{
    private static readonly JsonSerializerOptions Inline = new(JsonSerializerDefaults.Web)
    {
        // Escapes <, > and &: nothing in the data can end the script element it stands in.
        Encoder = JavaScriptEncoder.Default,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true };

    /// <summary>The page.</summary>
    /// <param name="result">The job's result.</param>
    /// <param name="curves">Its curves, thinned.</param>
    /// <param name="spec">The job file.</param>
    /// <param name="command">The command that made it.</param>
    public static string Render(JobResult result, CurvesView curves, JsonElement spec, string command)
    {
        var page = new StringBuilder(Text("report.html"));
        page.Replace("{{title}}", Html($"{result.Name} · {result.Status.ToString().ToLowerInvariant()}"));
        page.Replace("{{name}}", Html(result.Name));
        page.Replace("{{status}}", result.Status.ToString().ToLowerInvariant());
        page.Replace("{{summary}}", Summary(result));
        page.Replace("{{figures}}", Figures(result));
        page.Replace("{{stages}}", Stages(result));
        page.Replace("{{candidates}}", Candidates(result));
        page.Replace("{{runs}}", Runs(result));
        page.Replace("{{reproduce}}", Reproduce(result, command));
        page.Replace("{{spec}}", Html(JsonSerializer.Serialize(spec, Readable)));
        page.Replace("{{style}}", Text("report.css"));
        page.Replace("{{data}}", JsonSerializer.Serialize(new { result, curves = curves.Curves }, Inline));
        page.Replace("{{script}}", Text("report.js"));
        page.Replace("{{echarts}}", Echarts().Replace("</script", "<\\/script", StringComparison.OrdinalIgnoreCase));
        return page.ToString();
    }

    private static string Html(string? text) => WebUtility.HtmlEncode(text ?? "");

    private static string Number(double? value, string format = "G5") => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";

    private static string Forecast(ForecastResult? forecast) => forecast is null ? "–" : $"{Number(forecast.Mean)} ± {Number(forecast.Sd, "G2")}";

    private static string Summary(JobResult result)
    {
        if (result.Status != JobStatus.Succeeded)
        {
            return $"<p class=\"error\"><strong>{Html(result.Error?.Code)}</strong> {Html(result.Error?.Message)}</p>";
        }

        StepCounts s = result.Steps;
        string ratio = ((double)s.Charged / Math.Max(1, s.Training)).ToString("F2", CultureInfo.InvariantCulture);
        return $"<p>Ended by {Html(result.EndedBy)}. The model took {s.Training} steps; finding its schedule took {s.Search} more, and evaluating {s.Evaluation}: {ratio} × the training in all.</p>";
    }

    private static string Figures(JobResult result)
    {
        var cells = new StringBuilder();
        foreach ((string name, double value) in result.Metrics)
        {
            cells.Append(CultureInfo.InvariantCulture, $"<div><b>{Number(value)}</b><span>{Html(name.Replace('_', ' '))}</span></div>");
        }

        cells.Append(CultureInfo.InvariantCulture, $"<div><b>{result.Seconds.Wall:F1} s</b><span>wall time</span></div>");
        cells.Append(CultureInfo.InvariantCulture, $"<div><b>{result.Seconds.Trainer:F1}</b><span>trainer-seconds</span></div>");
        return cells.ToString();
    }

    private static string Stages(JobResult result)
    {
        var rows = new StringBuilder();
        foreach (StageResult stage in result.Stages)
        {
            rows.Append(CultureInfo.InvariantCulture, $"<tr><td>{stage.Index}</td><td>{stage.Start}–{stage.Start + stage.Steps}</td><td>{Number(stage.Chosen, "G4")}</td><td>{Forecast(stage.Forecast)}</td><td>{Number(stage.Realised)}</td><td>{stage.Candidates.Count}</td><td class=\"reason\">{Html(stage.Reason)}</td></tr>");
        }

        return rows.ToString();
    }

    private static string Candidates(JobResult result)
    {
        var rows = new StringBuilder();
        foreach (StageResult stage in result.Stages)
        {
            foreach (CandidateResult c in stage.Candidates)
            {
                string chosen = c.LearningRate == stage.Chosen ? " class=\"chosen\"" : "";
                rows.Append(CultureInfo.InvariantCulture, $"<tr{chosen}><td>{stage.Index}</td><td>{Number(c.LearningRate, "G4")}</td><td>{c.ProbeSteps}</td><td>{Html(c.Outcome)}</td><td>{Forecast(c.Forecast)}</td></tr>");
            }
        }

        return rows.ToString();
    }

    private static string Runs(JobResult result)
    {
        var rows = new StringBuilder();
        foreach (ScheduleRun run in result.Schedule.Runs)
        {
            rows.Append(CultureInfo.InvariantCulture, $"<tr><td>{run.Start}</td><td>{run.Steps}</td><td>{run.From:R}</td><td>{run.To:R}</td></tr>");
        }

        return rows.ToString();
    }

    private static string Reproduce(JobResult result, string command)
    {
        var rows = new StringBuilder();
        foreach ((string name, string? value) in ((string, string?)[])
            [
                ("command", command), ("seed", result.Seed.ToString(CultureInfo.InvariantCulture)),
                ("reproducible", result.Reproducible ? "yes: the same job gives the same bits in this numeric class" : "no"),
                ("numeric class", result.Placement?.Class), ("trainer digest", result.Placement?.Trainer), ("data digest", result.Placement?.Data),
                ("checkpoint", result.Checkpoint), ("job", result.Job), ("version", result.Version),
            ])
        {
            rows.Append(CultureInfo.InvariantCulture, $"<tr><th>{name}</th><td><code>{Html(value ?? "–")}</code></td></tr>");
        }

        return rows.ToString();
    }

    private static Stream Resource(string name) => typeof(ReportPage).Assembly.GetManifestResourceStream(name)
        ?? throw new InvalidOperationException($"The resource {name} is not in this build.");

    private static string Text(string name)
    {
        using var reader = new StreamReader(Resource(name));
        return reader.ReadToEnd();
    }

    private static string Echarts()
    {
        using var reader = new StreamReader(new GZipStream(Resource("echarts.min.js.gz"), CompressionMode.Decompress));
        return reader.ReadToEnd();
    }
}
