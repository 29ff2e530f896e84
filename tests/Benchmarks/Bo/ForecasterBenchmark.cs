using System.CommandLine;
using System.Text.Json;
using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Forecasting.Evaluation;
using Spectre.Console;

namespace Orchestrator.Benchmarks.Bo;

/// <summary>How well the forecasters do on recorded loss curves.</summary>
internal static class ForecasterBenchmark
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static Command Command()
    {
        var curves = new Option<string[]>("--curves")
        {
            Description = "CSV files of recorded curves.",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        var json = new Option<bool>("--json") { Description = "Print the report of the decay forecaster as JSON." };
        var command = new Command("forecaster", "Forecasters on recorded curves: errors, ranks, regret, coverage.") { curves, json };
        command.SetAction(parse => Run(parse.GetRequiredValue(curves), parse.GetValue(json)));
        return command;
    }

    private static int Run(string[] files, bool json)
    {
        IReadOnlyList<RecordedSegment> segments = RecordedSegments.Read(files);
        (string Name, IForecaster Forecaster)[] forecasters =
        [
            ("decay", new DecayForecaster()),
            ("published", new ParabolaForecaster(passes: 1)),
            ("last value", new LastValueForecaster()),
        ];
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(ForecastEvaluator.Evaluate(segments, forecasters[0].Forecaster), Json));
            return 0;
        }

        var table = new Table().AddColumns(
            "workload", "forecaster", "segments", "diverged", "failures", "error median", "error p90", "spearman", "regret", "coverage of 80 %");
        foreach ((string name, IForecaster forecaster) in forecasters)
        {
            ForecastReport report = ForecastEvaluator.Evaluate(segments, forecaster);
            foreach (WorkloadReport row in report.Workloads.Append(report.Pooled))
            {
                table.AddRow(row.Workload, name, $"{row.Segments}", $"{row.Diverged}", $"{row.Failures}", $"{row.Error.Median:F4}",
                    $"{row.Error.P90:F4}", $"{row.Spearman:F3}", $"{row.Regret:F4}", $"{row.Coverage:P0}");
            }
        }

        Wide.Write(table);
        return 0;
    }
}
