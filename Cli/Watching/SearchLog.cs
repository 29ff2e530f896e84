using System.Text.Json;
using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.Watching;

/// <summary>A job's search as its events tell it: what was planned, what came of it, what was decided and at what cost.</summary>
internal sealed class SearchLog
{
    private readonly Dictionary<int, LoggedStretch> _stretches = [];
    private readonly HashSet<int> _path = [];
    private readonly List<LoggedDecision> _decisions = [];
    private readonly List<LoggedStretch> _undecided = []; // probes since the last choice

    /// <summary>What the job file says.</summary>
    public JobOutline Outline { get; private set; } = JobOutline.Unknown;

    /// <summary>All stretches that were planned, by number.</summary>
    public IReadOnlyDictionary<int, LoggedStretch> Stretches => _stretches;

    /// <summary>All decisions but the plans, in order.</summary>
    public IReadOnlyList<LoggedDecision> Decisions => _decisions;

    /// <summary>Probes that no choice has followed yet.</summary>
    public IReadOnlyList<LoggedStretch> Undecided => _undecided;

    /// <summary>Segments that were offered again, and checkpoints that were recomputed.</summary>
    public int Mishaps { get; private set; }

    /// <summary>Reads all events of a job that has ended.</summary>
    public static async Task<SearchLog> ReadAsync(IJobsApi api, string job, CancellationToken ct)
    {
        var log = new SearchLog();
        await foreach (JobEventView e in api.EventsAsync(job, 0, ct))
        {
            log.Take(e);
        }

        return log;
    }

    /// <summary>Whether a stretch belongs to the path of the final model.</summary>
    public bool IsOnPath(int stretch) => _path.Contains(stretch);

    /// <summary>Takes an event.</summary>
    /// <returns>The decision it was; null = it was none, or a plan.</returns>
    public LoggedDecision? Take(JobEventView e)
    {
        switch (e.Type)
        {
            case "job_submitted":
                Outline = JobOutline.Read(e.Payload.Field("spec"));
                return null;
            case "search_decided":
                return Decide(e.Payload.Field("decision"), (long)(e.Payload.Number("decidedFrom") ?? e.Sequence));
            case "stretch_observed":
                Observe(e.Payload.Field("observation"));
                return null;
            case "segment_retried" or "checkpoint_lost":
                Mishaps++;
                return null;
            case "budget_reached":
                return Keep(new LoggedDecision { Kind = e.Type, Reason = e.Payload.Text("message") ?? "" });
            case "goal_reached":
                return Keep(new LoggedDecision
                {
                    Kind = e.Type,
                    Start = (long?)e.Payload.Number("step"),
                    Reason = $"The goal was reached: {e.Payload.Number("value"):G4} at step {e.Payload.Number("step")}.",
                });
            default:
                return null;
        }
    }

    private LoggedDecision? Decide(JsonElement decision, long from)
    {
        string kind = decision.Text("decision") ?? "";
        switch (kind)
        {
            case "plan":
                Plan(decision, from);
                return null;
            case "choose":
                return Keep(Choose(decision));
            case "realise" when (int?)decision.Number("stage") is { } stage:
                int at = _decisions.FindLastIndex(known => known.Kind == "choose" && known.Stage == stage);
                if (at >= 0)
                {
                    _decisions[at] = _decisions[at] with { Realised = decision.Number("realised") };
                }

                return new LoggedDecision { Kind = kind, Stage = stage, Realised = decision.Number("realised"), Reason = decision.Text("reason") ?? "" };
            default:
                return Keep(new LoggedDecision
                {
                    Kind = kind,
                    Start = (long?)decision.Number("step"),
                    Chosen = decision.Number("to"),
                    Reason = decision.Text("reason") ?? "",
                });
        }
    }

    private LoggedDecision Keep(LoggedDecision decision)
    {
        _decisions.Add(decision);
        return decision;
    }

    private void Plan(JsonElement decision, long from)
    {
        JsonElement planned = decision.Field("stretch");
        JsonElement[] runs = [.. planned.List("runs")];
        int? parent = (int?)planned.Number("parent");
        bool path = planned.Text("role") == "path";
        bool toZero = runs.LastOrDefault().Number("to") == 0;
        bool coolDown = !path && (planned.Flag("continues")
            ? Outline.Form == SearchForm.Rungs && toZero && runs.Length == 1 // A race's fork may become the model.
            : Outline.Form == SearchForm.Rungs || toZero);
        double? rate = coolDown && parent is { } arm && _stretches.TryGetValue(arm, out LoggedStretch? constant)
            ? constant.Rate
            : Outline.Form == SearchForm.Rungs ? FirstRate(runs, (long)(planned.Number("offset") ?? 0))
            : runs.SelectMany(run => new[] { run.Number("from"), run.Number("to") }).Max();
        var stretch = new LoggedStretch
        {
            Number = (int)(planned.Number("number") ?? -1),
            Parent = parent,
            Stage = (int)(planned.Number("stage") ?? 0),
            Start = (long)(planned.Number("start") ?? 0),
            Steps = (long)(planned.Number("steps") ?? 0),
            IsPath = path,
            IsCoolDown = coolDown,
            Rate = rate,
            From = from,
            Search = decision.Field("cost").Number("search") ?? 0,
            Evaluation = decision.Field("cost").Number("evaluation") ?? 0,
            Gain = decision.Number("gain"),
        };
        _stretches[stretch.Number] = stretch;
        if (path)
        {
            _path.Add(stretch.Number);
        }
        else
        {
            _undecided.Add(stretch);
        }
    }

    /// <summary>The rate of a stretch's own first step: its runs may be those of the whole schedule, an arm's constant part included.</summary>
    private static double? FirstRate(JsonElement[] runs, long offset)
    {
        int run = 0;
        while (run < runs.Length - 1 && offset >= (runs[run].Number("steps") ?? 0))
        {
            offset -= (long)(runs[run++].Number("steps") ?? 0);
        }

        return run < runs.Length ? runs[run].Number("from") : null;
    }

    private void Observe(JsonElement observation)
    {
        if (observation.Number("stretch") is { } number && _stretches.TryGetValue((int)number, out LoggedStretch? stretch))
        {
            _stretches[stretch.Number] = stretch with
            {
                Outcome = (observation.Text("outcome") ?? "succeeded").ToLowerInvariant(),
                Score = stretch.IsCoolDown || Outline.Form is SearchForm.Rungs or SearchForm.Trials ? Outline.Shown(observation.Number("value")) : null,
            };
        }
    }

    private LoggedDecision Choose(JsonElement d)
    {
        int stage = (int)(d.Number("stage") ?? 0);
        int[] taken = [.. d.List("taken").Select(number => number.GetInt32())];
        int[] dropped = [.. d.List("dropped").Select(number => number.GetInt32())];
        _path.UnionWith(taken);
        _path.ExceptWith(dropped);
        LoggedStretch[] probes = [.. _undecided];
        _undecided.Clear();
        return new LoggedDecision
        {
            Kind = "choose",
            StageKind = d.Text("kind") ?? "stage",
            Stage = stage,
            Start = (long)(d.Number("start") ?? 0),
            Steps = (long)(d.Number("steps") ?? 0),
            Chosen = d.Number("chosen"),
            Forecast = Forecast(d),
            Candidates =
            [
                .. d.List("candidates").Select(c => new CandidateResult(
                    c.Number("rate") ?? 0,
                    (long)(c.Number("probeSteps") ?? 0),
                    c.Text("outcome")?.ToLowerInvariant() switch { "diverged" => "diverged", "cancelled" => "skipped", _ => "succeeded" },
                    Forecast(c),
                    Outline.Shown(c.Number("score")))),
            ],
            Runs = [.. d.List("runs").Select(run => new LoggedRun((long)(run.Number("steps") ?? 0), run.Number("from") ?? 0, run.Number("to") ?? 0))],
            Taken = taken,
            Reason = d.Text("reason") ?? "",
            Search = probes.Sum(probe => probe.Search),
            Evaluation = probes.Sum(probe => probe.Evaluation),
            BecameTraining = taken.Sum(number => _stretches.TryGetValue(number, out LoggedStretch? own) ? own.Steps : 0),
            Gain = d.Number("gain") ?? probes.Max(probe => probe.Gain),
            IsAgain = dropped.Length > 0,
            Rounds =
            [
                .. probes.Where(probe => !probe.IsCoolDown).GroupBy(probe => probe.From).OrderBy(round => round.Key)
                    .Select(round => new ProbeRound(round.Count(), round.Max(probe => probe.Start + probe.Steps) - (long)(d.Number("start") ?? 0))),
            ],
        };
    }

    private static ForecastResult? Forecast(JsonElement of) =>
        of.Field("forecast") is { ValueKind: JsonValueKind.Object } f && f.Number("mean") is { } mean
            ? new ForecastResult(mean, f.Number("deviation") ?? 0)
            : null;
}

/// <summary>A stretch that was planned, and what came of it.</summary>
internal sealed record LoggedStretch
{
    public required int Number { get; init; }

    /// <summary>The stretch it goes on from; null = the initial checkpoint.</summary>
    public int? Parent { get; init; }

    public int Stage { get; init; }

    public long Start { get; init; }

    public long Steps { get; init; }

    /// <summary>Planned on the path, not as a probe.</summary>
    public bool IsPath { get; init; }

    /// <summary>A fork that cools down to 0, is scored, and thrown away unless a race ends with it.</summary>
    public bool IsCoolDown { get; init; }

    /// <summary>The rate it stands for: of a cool-down its arm's, of a trial its peak.</summary>
    public double? Rate { get; init; }

    /// <summary>The event it was decided from: those of one wave have the same.</summary>
    public long From { get; init; }

    /// <summary>Steps of search it costs.</summary>
    public double Search { get; init; }

    /// <summary>Steps its validations cost.</summary>
    public double Evaluation { get; init; }

    /// <summary>Share of the final loss it is expected to save; null = not weighed.</summary>
    public double? Gain { get; init; }

    /// <summary>succeeded, diverged, cancelled; null while it runs.</summary>
    public string? Outcome { get; init; }

    /// <summary>What it reached on held-out data, where that is compared.</summary>
    public double? Score { get; init; }
}

/// <summary>A decision, why it was made and what it cost.</summary>
internal sealed record LoggedDecision
{
    /// <summary>choose, realise, lengthen_probes, rate_reduced, complete, fail, budget_reached, goal_reached.</summary>
    public required string Kind { get; init; }

    /// <summary>Of a choice: stage, warmup, rung, path, decay or end.</summary>
    public string? StageKind { get; init; }

    public int? Stage { get; init; }

    public long? Start { get; init; }

    public long Steps { get; init; }

    public double? Chosen { get; init; }

    public ForecastResult? Forecast { get; init; }

    public double? Realised { get; init; }

    public IReadOnlyList<CandidateResult> Candidates { get; init; } = [];

    /// <summary>The pieces of the schedule it decides.</summary>
    public IReadOnlyList<LoggedRun> Runs { get; init; } = [];

    public IReadOnlyList<int> Taken { get; init; } = [];

    public required string Reason { get; init; }

    /// <summary>Steps that the probes before it were planned to take.</summary>
    public double Search { get; init; }

    /// <summary>Steps that their validations were planned to take.</summary>
    public double Evaluation { get; init; }

    /// <summary>Steps of probes that it made part of the path.</summary>
    public long BecameTraining { get; init; }

    /// <summary>Share of the final loss that the probes were expected to save; null = not weighed.</summary>
    public double? Gain { get; init; }

    /// <summary>Whether it replaces an earlier choice whose training went wrong.</summary>
    public bool IsAgain { get; init; }

    /// <summary>The waves in which its probes ran.</summary>
    public IReadOnlyList<ProbeRound> Rounds { get; init; } = [];
}

/// <summary>A wave of probes.</summary>
/// <param name="Count">How many.</param>
/// <param name="Steps">Steps from the stage's start to their end.</param>
internal sealed record ProbeRound(int Count, long Steps);

/// <summary>Steps at rates from one towards another.</summary>
internal sealed record LoggedRun(long Steps, double From, double To);
