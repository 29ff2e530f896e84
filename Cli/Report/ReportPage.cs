using System.IO.Compression;
using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Orchestrator.Cli.Watching;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.Report;

/// <summary>
/// report.html: one file that opens offline. It carries its data, and the scripts that draw it with Apache ECharts; the
/// outcome stands in it as text too, for readers without JavaScript.
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

    private static readonly Regex Place = new(@"\{\{(?<name>\w+)\}\}", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture);

    /// <summary>What all charts need, the parts of the page, the page.</summary>
    private static readonly string[] Scripts = ["charts.js", "rungs.js", "stages.js", "trials.js", "page.js"];

    /// <summary>The page.</summary>
    /// <param name="result">The job's result.</param>
    /// <param name="log">Its events.</param>
    /// <param name="curves">Its curves, thinned.</param>
    /// <param name="spec">The job file.</param>
    /// <param name="command">The command that made it.</param>
    public static string Render(JobResult result, SearchLog log, CurvesView curves, JsonElement spec, string command)
    {
        string status = result.Status.ToString().ToLowerInvariant();
        var parts = new Dictionary<string, Func<string>>
        {
            ["title"] = () => Html($"{result.Name} · {status}"),
            ["name"] = () => Html(result.Name),
            ["status"] = () => status,
            ["outcome"] = () => Html(Outcome(result)),
            ["style"] = () => Text("report.css"),
            ["data"] = () => JsonSerializer.Serialize(ReportData.Of(result, log, curves, spec, command), Inline),
            ["echarts"] = () => Echarts().Replace("</script", "<\\/script", StringComparison.OrdinalIgnoreCase),
            ["script"] = () => string.Join('\n', Scripts.Select(Text)),
        };
        // In one go: what is filled in may itself look like a place to be filled.
        return Place.Replace(Text("report.html"), place => parts[place.Groups["name"].Value]());
    }

    private static string Html(string? text) => WebUtility.HtmlEncode(text ?? "");

    private static string Outcome(JobResult result) => result.Error is { } error
        ? $"{error.Code}: {error.Message}"
        : $"{string.Join(", ", result.Metrics.Select(metric => $"{metric.Key} {metric.Value:G4}"))}; {StepsText.Of(result.Steps)}.";

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
