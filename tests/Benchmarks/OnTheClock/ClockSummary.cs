using MathNet.Numerics.Statistics;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Benchmarks.OnTheClock;

/// <summary>A method on a workload, over its seeds: a row of the comparison. Means are over the runs that ended with a model.</summary>
/// <param name="Workload">What was trained.</param>
/// <param name="Method">How its schedule was found.</param>
/// <param name="Runs">Its runs.</param>
/// <param name="Beside">All runs of the workload, its own among them.</param>
internal sealed record ClockSummary(string Workload, string Method, IReadOnlyList<ClockRun> Runs, IReadOnlyList<ClockRun> Beside)
{
    /// <summary>Slots of the simulated wall clock.</summary>
    public const int Slots = 8;

    /// <summary>The method that overheads are measured by: it needs few slots.</summary>
    private const string Sequential = "annealed";

    /// <summary>Validation losses.</summary>
    public double[] Validation => Each(run => run.Validation);

    /// <summary>Training + search + evaluation of each run that has a result, in trainings.</summary>
    public double[] Totals => Each(run => run.Total);

    /// <summary>The critical path of each run on <see cref="Slots"/> slots, steps for time.</summary>
    public double[] CriticalPaths => Each(run => run.Failure is null ? run.Record?.CriticalPath(Slots) : null);

    /// <summary>The wall clock of each run on <see cref="Slots"/> slots, seconds for time, over a plain training.</summary>
    public double[] WallsOverPlain
    {
        get
        {
            double overhead = Beside.Where(run => run.Job.Method == Sequential).Select(run => run.Overhead).OfType<double>().Median();
            return double.IsNaN(overhead) ? [] : Each(run => run.Failure is null ? run.Record?.OverPlain(Slots, overhead) : null);
        }
    }

    /// <summary>Runs without a model.</summary>
    public int Failed => Runs.Count(run => run.Failure is not null);

    /// <summary>The rows, in order of workload and method.</summary>
    public static IReadOnlyList<ClockSummary> Of(IReadOnlyList<ClockRun> runs) =>
    [
        .. from workload in runs.GroupBy(run => run.Job.Workload)
           from method in workload.GroupBy(run => run.Job.Method)
           orderby workload.Key, method.Key
           select new ClockSummary(workload.Key, method.Key, [.. method], [.. workload]),
    ];

    /// <summary>The mean of a metric of the final models; NaN where there are none.</summary>
    public double Mean(string metric) => Each(run => run.Metric(metric)).Mean();

    /// <summary>The mean of the steps of a purse, in trainings.</summary>
    public double Mean(Func<StepCounts, long> purse) => Each(run => (double?)(run.Result is { } result ? purse(result.Steps) : null) / run.Job.Steps).Mean();

    /// <summary>Its validation loss over another method's on the same seeds; null where they have none in common.</summary>
    public PairedRatio? Over(string method) => Over(method, run => run.Validation);

    /// <summary>A metric of its final models over another method's on the same seeds; null where they have none in common.</summary>
    public PairedRatio? Over(string method, string metric) => Over(method, run => run.Metric(metric));

    /// <summary>The row of another method on the same workload.</summary>
    public ClockSummary Of(string method) => this with { Method = method, Runs = [.. Beside.Where(run => run.Job.Method == method)] };

    private PairedRatio? Over(string method, Func<ClockRun, double?> value) => PairedRatio.Of(
    [
        .. from run in Runs
           join other in Of(method).Runs on run.Seed equals other.Seed
           let pair = (Own: value(run), Other: value(other))
           where pair.Own is not null && pair.Other is not null
           select (pair.Own!.Value, pair.Other!.Value),
    ]);

    private double[] Each(Func<ClockRun, double?> value) => [.. Runs.Select(value).OfType<double>()];
}
