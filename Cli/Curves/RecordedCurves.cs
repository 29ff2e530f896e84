using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Forecasting.Evaluation;
using Orchestrator.Cli.JobFiles;

namespace Orchestrator.Cli.Curves;

/// <summary>
/// Reads recorded loss curves: CSV, a line a step, with the columns workload, stage, lr, seed, step, train_loss and
/// val_loss; others are ignored. <c>step</c> counts from the fork; the validation loss is that after the update, empty
/// where none was made. <c>nan</c> and <c>inf</c> are losses.
/// </summary>
internal static class RecordedCurves
{
    private static readonly string[] Columns = ["workload", "stage", "lr", "seed", "step", "train_loss", "val_loss"];

    /// <summary>The segments of all files.</summary>
    /// <exception cref="BadInputException">A file is missing, lacks a column, or has a cell that is none.</exception>
    public static IReadOnlyList<RecordedSegment> Read(IEnumerable<string> files) =>
    [
        .. files.SelectMany(Rows).GroupBy(row => (row.Workload, row.Seed, row.Stage, row.Rate)).Select(rows => new RecordedSegment(
            rows.Key.Workload,
            rows.Key.Seed,
            rows.Key.Stage,
            rows.Key.Rate,
            rows.Count(),
            rows.All(row => double.IsFinite(row.TrainLoss) && double.IsFinite(row.ValidationLoss ?? 0)),
            [.. rows.Where(row => row.ValidationLoss is not null).Select(row => new LossPoint(row.Step + 1, row.ValidationLoss!.Value))])),
    ];

    private static List<Row> Rows(string file)
    {
        if (!File.Exists(file))
        {
            throw new BadInputException($"{file}: there is no such file; a CSV file with the columns {string.Join(',', Columns)} is wanted");
        }

        using var reader = new StreamReader(file);
        using var csv = new CsvReader(reader, new CsvConfiguration(CultureInfo.InvariantCulture) { MissingFieldFound = null, BadDataFound = null });
        string[] header = csv.Read() && csv.ReadHeader() ? csv.HeaderRecord ?? [] : [];
        if (Columns.Where(column => !header.Contains(column)).ToArray() is { Length: > 0 } missing)
        {
            throw Bad(file, 1, missing[0], $"the header has no such column; {string.Join(',', Columns)} are wanted");
        }

        var rows = new List<Row>();
        while (csv.Read())
        {
            rows.Add(Parse(file, csv));
        }

        return rows.Count > 0 ? rows : throw Bad(file, 2, "", "found no line below the header; a line a step is wanted");
    }

    private static Row Parse(string file, CsvReader csv)
    {
        double Number(string column) => double.TryParse(csv.GetField(column), NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? number
            : throw Bad(file, csv.Parser.RawRow, column, $"found \"{csv.GetField(column)}\"; a number is wanted");
        int Whole(string column) => int.TryParse(csv.GetField(column), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw Bad(file, csv.Parser.RawRow, column, $"found \"{csv.GetField(column)}\"; a whole number of at least 0 is wanted");
        double rate = Number("lr");
        return new Row(
            csv.GetField("workload") ?? "",
            Whole("seed"),
            Whole("stage"),
            rate > 0 && double.IsFinite(rate) ? rate : throw Bad(file, csv.Parser.RawRow, "lr", $"found {rate}; a rate above 0 is wanted"),
            Whole("step"),
            Number("train_loss"),
            string.IsNullOrEmpty(csv.GetField("val_loss")) ? null : Number("val_loss"));
    }

    private static BadInputException Bad(string file, int line, string column, string message) => new([new FileProblem(file, line, column, message)]);

    private sealed record Row(string Workload, int Seed, int Stage, double Rate, long Step, double TrainLoss, double? ValidationLoss);
}
