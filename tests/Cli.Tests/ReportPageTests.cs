using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Orchestrator.Cli.Report;
using Orchestrator.Cli.Watching;
using Orchestrator.Contracts.Jobs;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Processes;

namespace Orchestrator.Cli.Tests;

/// <summary>The report as a browser shows it, and how large it may become.</summary>
public sealed class ReportPageTests
{
    private const RegexOptions Whole = RegexOptions.Singleline | RegexOptions.ExplicitCapture;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_report_of_annealed_shows_its_rungs_its_forks_its_choice_and_what_they_cost()
    {
        var job = SimulatedJob.Annealed();
        SearchLog log = Log(job);
        string text = await ShownAsync(job);
        double peak = log.Decisions.Last(d => d.StageKind == "path").Chosen!.Value;
        Assert.Contains($"a peak of {peak:G4}", text);
        foreach (int rung in (int[])[0, 1, 2])
        {
            Assert.Matches($@"Rung {rung}: \d+ rates?, \d+ steps each \(\d+ constant, \d+ cooling down\)", text);
        }

        // Every score stands at the end of its fork, and every decision with its reason and its cost.
        Assert.All(
            log.Stretches.Values.Where(s => s.IsCoolDown && s.Outcome == "succeeded"),
            fork => Assert.Contains(double.Parse($"{fork.Score:G4}").ToString(), text));
        Assert.All(log.Decisions.Zip(log.Decisions.Skip(1)), pair => Assert.Contains(
            pair.Second.Reason.StartsWith(pair.First.Reason, StringComparison.Ordinal) ? $"As above.{pair.Second.Reason[pair.First.Reason.Length..]}" : pair.Second.Reason, text));
        Assert.All(
            log.Decisions.Where(d => d.StageKind == "rung"), rung => Assert.Contains($"Cost: {rung.Search:F0} steps of search", text));
        Assert.Contains("goes on as the model", text);
        LoggedDecision decay = log.Decisions.Single(d => d.StageKind == "decay");
        Assert.Contains($"the peak is held to step {decay.Start}, where the training loss is not seen to fall any more, then decays", text);
        Assert.Contains($"Decays from step {decay.Start}", text);
        Assert.Contains("Steps by purse", text);
    }

    [Fact]
    public async Task A_report_of_a_race_shows_what_each_peak_reached_and_which_one_went_on()
    {
        var job = SimulatedJob.Annealed(parallelism: 8, race: 1);
        LoggedDecision judged = Log(job).Decisions.Last(d => d.StageKind == "path");
        string text = await ShownAsync(job);
        Assert.Contains("The race: which peak lasts?", text);
        Assert.Equal(2, judged.Candidates.Count);
        Assert.All(judged.Candidates, candidate => Assert.Contains(double.Parse($"{candidate.Score:G4}").ToString(), text));
        Assert.Contains(judged.Reason, text);
        Assert.Contains("the peak is held to step 560, then decays", text);
    }

    [Fact]
    public async Task A_report_of_a_race_whose_fork_is_the_model_says_where_it_ends_and_why()
    {
        var job = SimulatedJob.Shortened();
        string text = await ShownAsync(job);
        Assert.Contains("went on, but got worse: this fork is the model", text);
        Assert.Contains("the model is the one that was cooled down at step 1104", text);
        Assert.Contains(Log(job).Decisions.Last(d => d.StageKind == "end").Reason, text);
        Assert.Contains("Ends at step 1104", text);
    }

    [Fact]
    public async Task A_report_of_autolrs_shows_each_stages_race_forecast_and_reason_and_how_good_the_forecasts_were()
    {
        var job = SimulatedJob.AutoLrs();
        SearchLog log = Log(job);
        string text = await ShownAsync(job);
        LoggedDecision[] stages = [.. log.Decisions.Where(d => d.StageKind == "stage")];
        Assert.Contains(stages, stage => stage.Candidates.Count > 0);
        Assert.All(stages, stage => Assert.Contains(stage.Reason, text));
        Assert.All(stages.Where(stage => stage.Candidates.Count > 0), stage => Assert.Contains($"Stage {stage.Stage}", text));
        Assert.Contains("6 rates, 5 steps each; best 3 go on to 10", text);
        int told = stages.Count(stage => stage is { Forecast: not null, Realised: not null });
        Assert.Contains($" of {told}", text);
        Assert.Contains("median of forecast ÷ realised − 1", text);
        Assert.Contains("Stages without probes", text);
    }

    [Fact]
    public async Task A_report_of_halving_says_who_was_dropped_where()
    {
        string text = await ShownAsync(SimulatedJob.Halving());
        Assert.Contains("dropped after rung 0 (20 steps)", text);
        Assert.Contains("dropped after rung 1 (60 steps)", text);
        Assert.Contains("diverged in rung 0", text);
        Assert.Contains("best: it is the model", text);
    }

    [Fact]
    public void A_report_does_not_grow_with_the_number_of_stages()
    {
        var job = SimulatedJob.AutoLrs(steps: 6_000, stage: 20);
        string page = Render(job);
        SearchLog log = Log(job);
        Assert.True(log.Decisions.Count > 280, $"{log.Decisions.Count} decisions");
        using JsonDocument data = Data(page);
        Assert.InRange(data.RootElement.GetProperty("stages").GetArrayLength(), 1, ReportData.MostStages);
        Assert.True(data.RootElement.GetProperty("leftOut").GetInt32() > 0);
        Assert.Equal(log.Decisions.Count(d => d is { Forecast: not null, Realised: not null }), data.RootElement.GetProperty("forecasted").GetInt32());
        int echarts = Render(SimulatedJob.Halving()).Length;
        Assert.True(page.Length - echarts < 400_000, $"{page.Length - echarts} characters more than a small report");
    }

    [Fact]
    public void Nothing_in_a_job_file_can_end_the_script_it_stands_in_or_be_taken_for_a_part_of_the_page()
    {
        var job = SimulatedJob.Halving();
        JsonElement spec = JsonDocument.Parse("""{ "name": "</script><b>{{style}}", "steps": 1 }""").RootElement;
        string page = ReportPage.Render(job.Result with { Name = "{{data}}</title><script>" }, Log(job), job.Curves, spec, "run");
        Assert.DoesNotContain("</script><b>", page);
        Assert.DoesNotContain("</title><script>", page);
        Assert.Contains("{{data}}&lt;/title&gt;", page);
        Assert.Equal("</script><b>{{style}}", Data(page).RootElement.GetProperty("spec").GetProperty("name").GetString());
    }

    private static SearchLog Log(SimulatedJob job)
    {
        var log = new SearchLog();
        foreach (JobEventView e in job.Events)
        {
            log.Take(e);
        }

        return log;
    }

    private static string Render(SimulatedJob job) => ReportPage.Render(job.Result, Log(job), job.Curves, job.Spec, "orchestrator run job.yaml");

    private static JsonDocument Data(string page) =>
        JsonDocument.Parse(Regex.Match(page, """id="data">(?<data>.*?)</script>""", Whole, Limit).Groups["data"].Value);

    /// <summary>The text that a browser shows; fails where the page writes an error to its console.</summary>
    private static async Task<string> ShownAsync(SimulatedJob job)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/chromium"), "Chromium is not installed (apt-get install chromium; ./test does it as root)");
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("report.html"), Render(job), new UTF8Encoding(false), TestContext.Current.CancellationToken);
        var start = new ProcessStartInfo("/usr/bin/chromium")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--enable-logging=stderr", $"--user-data-dir={folder.File("chromium")}",
                "--window-size=1400,3000", "--virtual-time-budget=4000", "--dump-dom", new Uri(folder.File("report.html")).AbsoluteUri,
            },
        };
        using Process chromium = Process.Start(start)!;
        Task<string> errors = chromium.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string dom = await chromium.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await chromium.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain("CONSOLE", await errors);
        string shown = Regex.Replace(dom, "<(?<tag>script|style|noscript)\\b.*?</\\k<tag>>", "", Whole, Limit);
        string text = Regex.Replace(shown, "<[^>]*>", "", Whole, Limit);
        Assert.Contains("To get the same again", text);
        return System.Net.WebUtility.HtmlDecode(text);
    }
}
