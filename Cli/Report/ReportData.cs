using System.Text.Json;
using Orchestrator.Cli.Watching;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.Report;

/// <summary>
/// What a report is drawn from. Its size is bounded whatever the length of the job: of many stages the first, the last
/// and the most telling are kept whole, of all of them an overview; curves share a fixed number of points. All numbers
/// are in result.json and the job's events.
/// </summary>
internal sealed record ReportData
{
    /// <summary>Stages that are shown with their candidates.</summary>
    public const int MostStages = 36;

    /// <summary>Candidates of a stage that are shown.</summary>
    public const int MostCandidates = 200;

    private const int MostOverview = 1000;
    private const int MostDecisions = 160;
    private const int MostRuns = 1000;
    private const int MostCurves = 120;
    private const int MostPathPoints = 1500;
    private const int MostCurvePoints = 15_000;

    /// <summary>The result, without what is here in another form.</summary>
    public required JobResult Job { get; init; }

    /// <summary>annealed, autolrs, grid, …</summary>
    public required string Algorithm { get; init; }

    /// <summary>given, trials, rungs or stages.</summary>
    public required string Form { get; init; }

    public required string Metric { get; init; }

    public required bool Maximize { get; init; }

    /// <summary>The job file, and the command that ran it.</summary>
    public required JsonElement Spec { get; init; }

    public required string Command { get; init; }

    /// <summary>Start, steps, first and last rate of the schedule's pieces; thinned where they are many.</summary>
    public required IReadOnlyList<double[]> Schedule { get; init; }

    /// <summary>How many pieces there are.</summary>
    public required int Pieces { get; init; }

    /// <summary>Step and training loss along the path, thinned.</summary>
    public required IReadOnlyList<double[]> Path { get; init; }

    /// <summary>Step and objective of the validations on the path.</summary>
    public required IReadOnlyList<double[]> Validations { get; init; }

    /// <summary>The stages, rungs and paths that are shown whole; a stage that was trained again is there twice.</summary>
    public required IReadOnlyList<LoggedDecision> Stages { get; init; }

    /// <summary>How many there are, a stage that was trained again counted once.</summary>
    public required int StageCount { get; init; }

    /// <summary>Forecast against realised of all stages: stage, mean, sd, realised, start; thinned where they are many.</summary>
    public required IReadOnlyList<double[]> Forecasts { get; init; }

    /// <summary>Realised losses that lay in the 80 % interval of their forecast, over all stages.</summary>
    public required int Covered { get; init; }

    /// <summary>Median of forecast ÷ realised − 1 over all stages, above 0 = forecasts were too high; null = there were none.</summary>
    public required double? Bias { get; init; }

    /// <summary>How many forecasts came true.</summary>
    public required int Forecasted { get; init; }

    /// <summary>Rates that were tried, over all stages: step, rate, whether chosen, whether diverged; thinned where they are many.</summary>
    public required IReadOnlyList<double[]> Tries { get; init; }

    /// <summary>Curves of probes and trials of the stages that are shown.</summary>
    public required IReadOnlyList<ReportCurve> Curves { get; init; }

    /// <summary>What was decided, in order; where it is too much, without the middle.</summary>
    public required IReadOnlyList<LoggedDecision> Decisions { get; init; }

    /// <summary>Decisions that were left out, and before which of those kept.</summary>
    public required int LeftOut { get; init; }

    public required int LeftOutAt { get; init; }

    /// <summary>Segments that were offered again, and checkpoints that were recomputed.</summary>
    public required int Mishaps { get; init; }

    /// <summary>Gathers it.</summary>
    public static ReportData Of(JobResult result, SearchLog log, CurvesView curves, JsonElement spec, string command)
    {
        LoggedDecision[] choices = [.. log.Decisions.Where(decision => decision.Kind == "choose")];
        HashSet<LoggedDecision> shown = [.. Telling(choices)];
        HashSet<int> stages = [.. shown.Select(choice => choice.Stage ?? 0)];
        (ForecastResult Forecast, double Realised, LoggedDecision Of)[] pairs =
            [.. choices.Where(c => c is { Forecast: not null, Realised: not null }).Select(c => (c.Forecast!, c.Realised!.Value, c))];
        int omitted = Math.Max(0, log.Decisions.Count - MostDecisions);
        return new ReportData
        {
            Job = result with { Stages = [], Schedule = new ScheduleResult([]) },
            Algorithm = log.Outline.Algorithm,
            Form = log.Outline.Form.ToString().ToLowerInvariant(),
            Metric = log.Outline.Metric,
            Maximize = log.Outline.Maximize,
            Spec = spec,
            Command = command,
            Schedule = [.. Thin(result.Schedule.Runs, MostRuns).Select(run => new double[] { run.Start, run.Steps, run.From, run.To })],
            Pieces = result.Schedule.Runs.Count,
            Path = [.. Thin(PathOf(log, curves), MostPathPoints)],
            Validations = [.. ValidationsOf(result, log, curves).TakeLast(MostOverview)],
            Stages = [.. choices.Where(shown.Contains).Select(Trim)],
            StageCount = choices.Select(choice => choice.Stage).Distinct().Count(),
            Forecasts = [.. Thin(pairs, MostOverview).Select(p => new[] { p.Of.Stage ?? 0, p.Forecast.Mean, p.Forecast.Sd, p.Realised, p.Of.Start ?? 0 })],
            Covered = pairs.Count(p => Math.Abs(p.Realised - p.Forecast.Mean) <= Z80 * p.Forecast.Sd),
            Bias = Median([.. pairs.Where(p => p.Realised != 0).Select(p => (p.Forecast.Mean - p.Realised) / Math.Abs(p.Realised))]),
            Forecasted = pairs.Length,
            Tries =
            [
                .. Thin(
                    [
                        .. choices.SelectMany(choice => choice.Candidates.Where(c => c.Outcome != "skipped")
                            .Select(c => Tried(choice.Start ?? 0, c.LearningRate, c.LearningRate == choice.Chosen, c.Outcome == "diverged"))),
                        .. log.Undecided.Where(probe => probe.Rate is not null)
                            .Select(probe => Tried(probe.Start, probe.Rate!.Value, false, log.Stretches[probe.Number].Outcome == "diverged")),
                    ],
                    4 * MostOverview),
            ],
            Curves = CurvesOf(log, curves, stages),
            Decisions = [.. (omitted == 0 ? log.Decisions : [.. log.Decisions.Take(MostDecisions / 2), .. log.Decisions.TakeLast(MostDecisions / 2)])
                .Select(decision => decision with { Candidates = [], Runs = [.. decision.Runs.Take(4)] })],
            LeftOut = omitted,
            LeftOutAt = MostDecisions / 2,
            Mishaps = log.Mishaps,
        };
    }

    private const double Z80 = 1.2815515655446004;

    /// <summary>Of many choices: the first and the last, those made again, and those whose forecast was furthest off.</summary>
    private static IEnumerable<LoggedDecision> Telling(LoggedDecision[] choices)
    {
        if (choices.Length <= MostStages)
        {
            return choices;
        }

        const int Each = MostStages / 3;
        return choices.Take(Each).Concat(choices.TakeLast(Each)).Concat(choices
            .Skip(Each).SkipLast(Each)
            .OrderByDescending(choice => choice.IsAgain)
            .ThenByDescending(choice => choice is { Forecast: { Sd: > 0 } f, Realised: { } real } ? Math.Abs(real - f.Mean) / f.Sd : 0)
            .Take(Each));
    }

    /// <summary>A choice with as many candidates as can be shown, those that went far or were best kept.</summary>
    private static LoggedDecision Trim(LoggedDecision choice) => choice.Candidates.Count <= MostCandidates ? choice : choice with
    {
        Candidates =
        [
            .. choice.Candidates.OrderByDescending(c => c.LearningRate == choice.Chosen).ThenBy(c => c.Forecast?.Mean ?? c.Score ?? double.MaxValue)
                .Take(MostCandidates).OrderBy(c => c.LearningRate),
        ],
    };

    private static List<double[]> PathOf(SearchLog log, CurvesView curves) =>
    [
        .. curves.Curves.Where(curve => log.IsOnPath(curve.Stretch))
            .SelectMany(PointsOf)
            .OrderBy(point => point[0]),
    ];

    private static IEnumerable<double[]> PointsOf(CurveView curve) => curve.Steps
        .Select((step, i) => (step, loss: curve.Losses[i]))
        .Where(point => point.loss is not null)
        .Select(point => new[] { point.step, point.loss!.Value });

    private static IEnumerable<double[]> ValidationsOf(JobResult result, SearchLog log, CurvesView curves)
    {
        string metric = log.Outline.Metric;
        IEnumerable<double[]> made = curves.Curves.Where(curve => curve.Stretch < 0 || log.IsOnPath(curve.Stretch))
            .SelectMany(curve => curve.Validations)
            .Where(validation => validation.Metrics.ContainsKey(metric))
            .Select(validation => new[] { validation.Step, validation.Metrics[metric] });
        IEnumerable<double[]> last = result.Objective is { Value: { } value, Step: { } step } && result.Objective.Metric == metric
            ? [[step, value]]
            : [];
        return made.Concat(last).DistinctBy(point => point[0]).OrderBy(point => point[0]);
    }

    private static List<ReportCurve> CurvesOf(SearchLog log, CurvesView curves, HashSet<int> stages)
    {
        Dictionary<int, CurveView> drawn = curves.Curves.ToDictionary(curve => curve.Stretch);
        HashSet<int> undecided = [.. log.Undecided.Select(probe => probe.Number)];
        // A probe that died at once has no curve, and is to be seen nevertheless.
        LoggedStretch[] kept =
        [
            .. Thin([.. log.Stretches.Values.Where(s => !s.IsPath && (stages.Contains(s.Stage) || undecided.Contains(s.Number))).OrderBy(s => s.Number)], MostCurves),
        ];
        int points = Math.Clamp(MostCurvePoints / Math.Max(1, kept.Length), 12, 300);
        return
        [
            .. kept.Select(of => new ReportCurve
            {
                Stretch = of.Number,
                Parent = of.Parent,
                Stage = of.Stage,
                Start = of.Start,
                Steps = of.Steps,
                Rate = of.Rate,
                CoolDown = of.IsCoolDown,
                OnPath = log.IsOnPath(of.Number),
                Outcome = of.Outcome ?? "cancelled",
                Score = of.Score,
                Points = drawn.GetValueOrDefault(of.Number) is { } curve ? [.. Thin([.. PointsOf(curve)], points)] : [],
            }),
        ];
    }

    /// <summary>Evenly chosen elements, the first and the last among them.</summary>
    private static IEnumerable<T> Thin<T>(IReadOnlyList<T> all, int most) => all.Count <= most
        ? all
        : Enumerable.Range(0, most).Select(i => all[(int)((long)i * (all.Count - 1) / (most - 1))]);

    private static double[] Tried(long step, double rate, bool chosen, bool diverged) => [step, rate, chosen ? 1 : 0, diverged ? 1 : 0];

    private static double? Median(double[] values)
    {
        Array.Sort(values);
        return values.Length == 0 ? null : values.Length % 2 == 1 ? values[values.Length / 2] : (values[(values.Length / 2) - 1] + values[values.Length / 2]) / 2;
    }
}

/// <summary>Training loss of a probe or a trial.</summary>
internal sealed record ReportCurve
{
    public required int Stretch { get; init; }

    public int? Parent { get; init; }

    public required int Stage { get; init; }

    public required long Start { get; init; }

    public required long Steps { get; init; }

    public double? Rate { get; init; }

    public bool CoolDown { get; init; }

    public bool OnPath { get; init; }

    public required string Outcome { get; init; }

    public double? Score { get; init; }

    /// <summary>Step and loss.</summary>
    public required IReadOnlyList<double[]> Points { get; init; }
}
