using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Forecasting.Evaluation;

namespace Orchestrator.Benchmarks.Bo;

/// <summary>
/// Reads recorded loss curves: CSV with the columns workload, stage, start_step, lr, seed, step, train_loss, val_loss.
/// <c>step</c> counts from the fork; the validation loss is that after update <c>step</c>, empty where none was made.
/// </summary>
internal static class RecordedSegments
{
    private const int Columns = 8;

    public static IReadOnlyList<RecordedSegment> Read(IEnumerable<string> files) =>
        [.. files.SelectMany(Rows).GroupBy(row => (row.Workload, row.Seed, row.Stage, row.Rate)).Select(rows => new RecordedSegment(
            rows.Key.Workload,
            rows.Key.Seed,
            rows.Key.Stage,
            rows.Key.Rate,
            rows.Count(),
            rows.All(row => double.IsFinite(row.TrainLoss) && double.IsFinite(row.ValidationLoss ?? 0)),
            [.. rows.Where(row => row.ValidationLoss is not null).Select(row => new LossPoint(row.Step + 1, row.ValidationLoss!.Value))]))];

    private static IEnumerable<Row> Rows(string file)
    {
        int line = 1;
        foreach (string text in File.ReadLines(file).Skip(1))
        {
            line++;
            string[] cells = text.Split(',');
            if (cells.Length != Columns)
            {
                throw new InvalidDataException($"{file}:{line} has {cells.Length} columns; {Columns} are wanted.");
            }

            yield return new Row(cells[0], int.Parse(cells[4]), int.Parse(cells[1]), double.Parse(cells[3]),
                long.Parse(cells[5]), double.Parse(cells[6]), cells[7].Length == 0 ? null : double.Parse(cells[7]));
        }
    }

    private sealed record Row(string Workload, int Seed, int Stage, double Rate, long Step, double TrainLoss, double? ValidationLoss);
}
