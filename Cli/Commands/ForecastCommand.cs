using System.CommandLine;
using System.Globalization;
using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Forecasting.Evaluation;
using Orchestrator.Cli.Curves;
using Spectre.Console;

namespace Orchestrator.Cli.Commands;

/// <summary><c>forecast</c>: how well the forecasters do on recorded curves.</summary>
internal static class ForecastCommand
{
    /// <summary>A file has no width of its own.</summary>
    private const int WideEnough = 160;

    private static readonly (string Name, IStageForecaster Forecaster)[] Forecasters =
    [
        ("all candidates together", new JointForecasts()),
        ("each curve for itself", new SeparateForecasts(new DecayForecaster())),
        ("as published", new SeparateForecasts(new ParabolaForecaster(passes: 1))),
        ("last value", new SeparateForecasts(new LastValueForecaster())),
    ];

    public static Command Create(Session session)
    {
        var curves = new Option<string[]>("--curves")
        {
            Description = "CSV files of recorded curves: workload,stage,lr,seed,step,train_loss,val_loss.",
            HelpName = "FILE",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        return new Command("forecast", "Measure the loss forecasters on recorded curves, from a tenth of each stage.") { curves }
            .Does(session, (parsed, _) => Task.FromResult(Run(session, parsed.GetRequiredValue(curves), parsed.GetValue(GlobalOptions.Json))));
    }

    private static int Run(Session session, string[] files, bool json)
    {
        IReadOnlyList<RecordedSegment> segments = RecordedCurves.Read(files);
        if (json)
        {
            ForecastReport report = ForecastEvaluator.Evaluate(segments, Forecasters[0].Forecaster);
            session.WriteJson(new { schema = 1, workloads = report.Workloads.Select(Row), pooled = Row(report.Pooled) });
            return ExitCodes.Succeeded;
        }

        Table table = new Table().Border(TableBorder.Simple)
            .AddColumns("workload", "forecast", "segments", "diverged", "failures", "error, median", "p90", "rank corr.", "regret", "80 % holds");
        foreach ((string name, IStageForecaster forecaster) in Forecasters)
        {
            ForecastReport report = ForecastEvaluator.Evaluate(segments, forecaster);
            foreach (WorkloadReport row in report.Workloads.Append(report.Pooled))
            {
                table.AddRow(
                    Markup.Escape(row.Workload), name, $"{row.Segments}", $"{row.Diverged}", $"{row.Failures}", Share(row.Error.Median), Share(row.Error.P90),
                    Number(row.Spearman, "F2"), Number(row.Regret, "F4"), row.Coverage is { } coverage ? Share(coverage) : "–");
            }
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(session.Out) });
        if (!session.Terminal)
        {
            console.Profile.Width = WideEnough;
        }

        console.Write(table);
        session.Out.WriteLine("Regret: true loss of the rate that the forecasts choose, less that of the best one, mean over stages.");
        return ExitCodes.Succeeded;
    }

    private static object Row(WorkloadReport row) => new
    {
        row.Workload,
        row.Segments,
        row.Diverged,
        row.Failures,
        error = new { median = Finite(row.Error.Median), p90 = Finite(row.Error.P90) },
        spearman = Finite(row.Spearman),
        regret = Finite(row.Regret),
        coverage = Finite(row.Coverage),
        lastValue = row.LastValue is not { } last ? null : new
        {
            median = Finite(last.Error.Median),
            p90 = Finite(last.Error.P90),
            spearman = Finite(last.Spearman),
            regret = Finite(last.Regret),
        },
    };

    /// <summary>JSON has no infinity: null, where nothing is left to be measured or the chosen rate diverged.</summary>
    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;

    private static string Share(double value) => Number(value, "P1");

    private static string Number(double value, string format) =>
        double.IsNaN(value) ? "–" : double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "diverged";
}
