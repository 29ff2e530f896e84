using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit;
using Orchestrator.TestKit.Jobs;

namespace Orchestrator.Silo.Tests.Api;

public sealed class ScheduleTests(ServedSilo served) : ServedTest(served)
{
    [Theory]
    [InlineData("fixed")]
    [InlineData("autolrs")]
    public async Task The_schedule_is_that_of_the_result(string algorithm)
    {
        string job = await Served.FinishedAsync(algorithm);
        JsonElement result = await Http.GetAsync($"/v1/jobs/{job}/result", Ct).OkAsync();
        foreach (string query in (string[])["", "?format=json"])
        {
            JsonElement schedule = await Http.GetAsync($"/v1/jobs/{job}/schedule{query}", Ct).OkAsync();
            Assert.Equal(result.GetProperty("schedule").GetRawText(), schedule.GetRawText());
        }
    }

    [Theory]
    [InlineData("fixed")]
    [InlineData("autolrs")]
    [InlineData("slopes")]
    public async Task As_CSV_it_has_a_line_a_run_and_loses_no_bit(string algorithm)
    {
        string job = await Served.FinishedAsync(algorithm);
        using HttpResponseMessage response = await Http.GetAsync($"/v1/jobs/{job}/schedule?format=csv", Ct);
        Assert.Equal("text/csv", response.Content.Headers.ContentType?.MediaType);
        string[] lines = (await response.Content.ReadAsStringAsync(Ct)).TrimEnd('\n').Split('\n');
        Assert.Equal("start,steps,from,to,reason", lines[0]);
        IReadOnlyList<ScheduleRun> runs = (await Silo.Api.ResultAsync(job, Ct)).Schedule.Runs;
        Assert.Equal(runs, lines[1..].Select(line =>
        {
            string[] fields = line.Split(',', 5);
            return new ScheduleRun(
                long.Parse(fields[0], CultureInfo.InvariantCulture),
                long.Parse(fields[1], CultureInfo.InvariantCulture),
                double.Parse(fields[2], CultureInfo.InvariantCulture),
                double.Parse(fields[3], CultureInfo.InvariantCulture),
                fields[4][1..^1].Replace("\"\"", "\""));
        }));
    }

    [Theory]
    [InlineData("fixed")]
    [InlineData("autolrs")]
    [InlineData("slopes")]
    public async Task As_a_PyTorch_snippet_it_gives_every_rate_bit_for_bit(string algorithm)
    {
        string job = await Served.FinishedAsync(algorithm);
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("schedule.py"), await Silo.Api.ScheduleAsync(job, "pytorch", Ct), Ct);
        string[] bits = await PythonSchedule.RatesAsync(folder.Path, steps: 1000);
        JobResult result = await Silo.Api.ResultAsync(job, Ct);
        double[] rates = [.. result.Schedule.Runs.SelectMany(run => Enumerable.Range(0, (int)run.Steps).Select(j => new RateRun(run.Steps, run.From, run.To).RateAt(j)))];
        Assert.Equal(rates.Select(BitConverter.DoubleToInt64Bits).Select(rate => rate.ToString("x16")), bits.Take(rates.Length));

        // Beyond its end a schedule stays where it ended.
        double last = BitConverter.Int64BitsToDouble(long.Parse(bits[^1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        Assert.Equal(result.Schedule.Runs[^1].To, last, 1e-12);
    }

    [Fact]
    public async Task Optax_is_not_available_yet_and_other_formats_are_none()
    {
        string job = await Served.FinishedAsync("fixed");
        await Http.GetAsync($"/v1/jobs/{job}/schedule?format=optax", Ct).RefusedAsync(HttpStatusCode.NotImplemented);
        JsonElement problem = await Http.GetAsync($"/v1/jobs/{job}/schedule?format=yaml", Ct).RefusedAsync(HttpStatusCode.BadRequest);
        Assert.Contains("json, csv or pytorch", problem.Detail());
    }

    [Fact]
    public async Task A_job_that_has_not_begun_has_the_empty_schedule()
    {
        JobView job = await SubmitAsync(QuadraticJobs.AutoLrs(Pool));
        JsonElement schedule = await Http.GetAsync($"/v1/jobs/{job.Id}/schedule", Ct).OkAsync();
        Assert.Equal(0, schedule.GetProperty("runs").GetArrayLength());
    }
}
