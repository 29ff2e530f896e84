using System.Text.Json;
using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.Watching;

/// <summary>What a watcher knows of a job: its events folded into the few things that are shown.</summary>
internal sealed class WatchedJob
{
    /// <summary>A path is reported so many times between its start and its end.</summary>
    private const int PathReports = 10;

    private readonly SortedDictionary<int, WatchedStage> _stages = [];
    private readonly SortedDictionary<int, string> _running = [];
    private readonly Dictionary<int, bool> _probes = []; // of the stage that is searched: whether each was observed
    private readonly List<LoggedStretch> _wave = []; // probes that were planned together, and not told of yet
    private readonly HashSet<(int Rung, long Steps)> _toldRungs = [];
    private long _told;

    /// <summary>Stages that were decided, by index.</summary>
    public IReadOnlyCollection<WatchedStage> Stages => _stages.Values;

    /// <summary>The search as its events tell it.</summary>
    public SearchLog Log { get; } = new();

    /// <summary>Loss and rate along the path.</summary>
    public PathCurve Path { get; } = new();

    /// <summary>The stage that is searched now; null between two.</summary>
    public ProbedStage? Probed { get; private set; }

    /// <summary>Grows with each decision: then there is more of the path to be shown.</summary>
    public int Decisions { get; private set; }

    /// <summary>Why the last choice was made; null = none yet.</summary>
    public string? LastReason { get; private set; }

    /// <summary>Segments that run now: what they try, and how far they are.</summary>
    public IReadOnlyCollection<string> Running => _running.Values;

    /// <summary>How it ended; null while it runs.</summary>
    public string? Ended { get; private set; }

    private JobOutline Outline => Log.Outline;

    /// <summary>Takes an event; returns what is to be said of it, one line or more, or null when there is nothing to say.</summary>
    public string? Take(JobEventView e)
    {
        LoggedDecision? decision = Log.Take(e);
        bool plan = e.Type == "search_decided" && decision is null;
        string? before = plan ? null : TellWave();
        string? line = e.Type switch
        {
            "progress" => Progress(e.Payload),
            "job_placed" => Placed(e.Payload.GetProperty("placement")),
            "job_unschedulable" => $"waits: {e.Payload.GetProperty("reason").GetString()}",
            "search_decided" => decision is null ? Plan(e.Payload.GetProperty("decision")) : Decided(decision, e.Payload.GetProperty("decision")),
            "stretch_observed" => Observe(e.Payload.GetProperty("observation")),
            "segment_finished" => Ends(e.Payload),
            "segment_retried" => Ends(e.Payload) ?? Retried(e.Payload),
            "checkpoint_lost" => $"the checkpoint of segment {e.Payload.GetProperty("segment").GetInt32()} is recomputed: {e.Payload.GetProperty("message").GetString()}",
            "final_planned" => "final validation and test",
            "budget_reached" => e.Payload.GetProperty("message").GetString(),
            "goal_reached" => $"goal reached: {e.Payload.GetProperty("value").GetDouble():G5} at step {e.Payload.GetProperty("step").GetInt64()}",
            "job_paused" => "paused",
            "job_resumed" => "resumed",
            "held" => e.Payload.TryGetProperty("reason", out JsonElement reason) ? $"waits: {reason.GetProperty("message").GetString()}" : "goes on",
            "job_ended" => End(e.Payload),
            _ => null,
        };
        return before is null ? line : line is null ? before : $"{before}{Environment.NewLine}{line}";
    }

    /// <summary>Number of a rung from the index of its stage: a warm-up is stage 0.</summary>
    public int RungOf(int stage) => stage - (_stages.TryGetValue(0, out WatchedStage? first) && first.Kind == "warmup" ? 1 : 0);

    private string Placed(JsonElement placement)
    {
        string search = Outline.Form switch
        {
            SearchForm.Rungs => ": short probes look for the peak rate, then one run holds it and decays to 0",
            SearchForm.Stages when Outline.Algorithm.Length > 0 => ": the rate is chosen anew at each stage",
            SearchForm.Trials => ": one schedule shape is trained at several peaks",
            SearchForm.Given => ": the schedule is given",
            _ => "",
        };
        string job = Outline.Algorithm.Length == 0 ? "" : $"{Outline.Algorithm}, {Outline.Steps} steps{search}{Environment.NewLine}";
        return $"{job}placed on {placement.GetProperty("name").GetString()!.Split('+')[0]}, class {placement.GetProperty("class").GetString()}";
    }

    private string? Plan(JsonElement decision)
    {
        int number = decision.GetProperty("stretch").GetProperty("number").GetInt32();
        LoggedStretch stretch = Log.Stretches[number];
        if (stretch.IsPath)
        {
            return null;
        }

        _probes[number] = false;
        _wave.Add(stretch);
        Probed = new ProbedStage(stretch.Stage, stretch.Start, _probes.Values.Count(seen => seen), _probes.Count);
        return null;
    }

    /// <summary>What a wave of probes is about to try: said once all of it was planned.</summary>
    private string? TellWave()
    {
        if (_wave.Count == 0)
        {
            return null;
        }

        LoggedStretch[] wave = [.. _wave];
        _wave.Clear();
        double[] rates = [.. wave.Select(probe => probe.Rate).OfType<double>().Distinct().Order()];
        if (rates.Length == 0)
        {
            return null;
        }

        string tries = rates.Length switch
        {
            1 => $"{rates[0]:G4}",
            <= 4 => string.Join(", ", rates.Select(rate => $"{rate:G4}")),
            _ => $"{rates.Length} rates, {rates[0]:G4} to {rates[^1]:G4}",
        };
        long end = wave.Max(probe => probe.Start + probe.Steps);
        switch (Outline.Form)
        {
            case SearchForm.Rungs:
                LoggedStretch? coolDown = wave.FirstOrDefault(probe => probe.IsCoolDown);
                long start = coolDown is null || coolDown.Parent is null ? wave.Min(probe => probe.Start) : ArmStart(coolDown);
                if (IsRace(wave[0]))
                {
                    return coolDown is null ? null : $"race: {tries} run to step {coolDown.Start} and are cooled down to 0 over {coolDown.Steps} steps";
                }

                int rung = RungOf(wave[0].Stage);
                string lengths = _toldRungs.Add((rung, end)) && coolDown is not null
                    ? $", for {end - start} steps each: {coolDown.Start - start} at a constant rate, {coolDown.Steps} cooling down to 0"
                    : "";
                return coolDown is null ? null : $"rung {rung}: tries {tries}{lengths}";
            case SearchForm.Trials:
                return $"rung {wave[0].Stage}: trains {tries} for {end} steps{(rates.Length > 1 ? " each" : "")}";
            case SearchForm.Stages when wave[0].IsCoolDown:
                return $"stage {wave[0].Stage}: cools {tries} down to 0 over {wave.Max(probe => probe.Steps)} steps, on forks that are thrown away";
            default:
                return $"stage {wave[0].Stage}: tries {tries}, for {end - wave.Min(probe => StageStart(probe))} steps each";
        }
    }

    /// <summary>Whether a probe belongs to those that run beside the path once that is chosen.</summary>
    private bool IsRace(LoggedStretch probe) => _stages.TryGetValue(probe.Stage, out WatchedStage? stage) && stage.Kind == "path";

    private long ArmStart(LoggedStretch coolDown)
    {
        long start = coolDown.Start;
        for (int? parent = coolDown.Parent; parent is { } number && Log.Stretches.TryGetValue(number, out LoggedStretch? part) && !part.IsPath;)
        {
            (start, parent) = (part.Start, part.Parent);
        }

        return start;
    }

    private long StageStart(LoggedStretch probe)
    {
        long start = probe.Start;
        for (int? parent = probe.Parent; parent is { } number && Log.Stretches.TryGetValue(number, out LoggedStretch? part) && part.Stage == probe.Stage && !part.IsPath;)
        {
            (start, parent) = (part.Start, part.Parent);
        }

        return start;
    }

    private string? Observe(JsonElement observation)
    {
        int number = observation.GetProperty("stretch").GetInt32();
        if (!_probes.ContainsKey(number))
        {
            return null;
        }

        _probes[number] = true;
        Probed = Probed! with { Observed = _probes.Values.Count(seen => seen) };
        LoggedStretch stretch = Log.Stretches[number];
        string place = Outline.Form switch
        {
            SearchForm.Rungs when stretch.IsCoolDown && IsRace(stretch) => "race",
            SearchForm.Rungs when stretch.IsCoolDown => $"rung {RungOf(stretch.Stage)}",
            SearchForm.Trials => $"rung {stretch.Stage}",
            _ when stretch.IsCoolDown => $"stage {stretch.Stage}",
            _ => "",
        };
        return place.Length == 0 ? null
            : stretch.Score is { } score ? $"{place}: {stretch.Rate:G4} reaches {Words(Outline.Metric)} {score:G4}"
            : $"{place}: {stretch.Rate:G4} diverged";
    }

    private static string Words(string metric) => metric.Replace('_', ' ');

    /// <summary>How the job ended; why, if it ended badly, is said where errors are said.</summary>
    private string? End(JsonElement payload)
    {
        string status = payload.GetProperty("status").GetString()!;
        Ended = payload.TryGetProperty("error", out JsonElement error) ? $"{status}: {error.GetProperty("message").GetString()}" : status;
        return status;
    }

    private static string Retried(JsonElement payload)
    {
        string what = payload.GetProperty("cause").GetString() switch
        {
            "failed" => "failed",
            "lost" => "was lost",
            "drained" => "was lost with a worker that drained",
            "worker_fault" => "waits for its worker, or another",
            _ => "was given back",
        };
        return $"segment {payload.GetProperty("segment").GetInt32()} {what}: {payload.GetProperty("message").GetString()}";
    }

    private string? Progress(JsonElement payload)
    {
        string? line = null;
        foreach (JsonElement segment in payload.GetProperty("segments").EnumerateArray())
        {
            string role = segment.GetProperty("role").GetString()!;
            _running[segment.GetProperty("segment").GetInt32()] =
                $"{role} {segment.Number("rate"):G3} {segment.Number("steps")}/{segment.Number("planned")}";
            if (role != "path")
            {
                continue;
            }

            foreach (JsonElement point in segment.List("points"))
            {
                if (point.GetArrayLength() >= 3 && point.EnumerateArray().Take(3).All(value => value.ValueKind == JsonValueKind.Number))
                {
                    line = Add(new PathPoint((long)point[0].GetDouble(), point[1].GetDouble(), point[2].GetDouble())) ?? line;
                }
            }
        }

        return line;
    }

    /// <summary>Every tenth of the path is worth a line.</summary>
    private string? Add(PathPoint point)
    {
        Path.Add(point);
        if (Outline.Steps < PathReports || point.Step * PathReports / Outline.Steps <= _told)
        {
            return null;
        }

        _told = point.Step * PathReports / Outline.Steps;
        return $"step {point.Step} of {Outline.Steps}: training loss {point.Loss:G4}, rate {point.Rate:G4}";
    }

    /// <summary>A segment runs no more.</summary>
    private string? Ends(JsonElement payload)
    {
        _running.Remove(payload.GetProperty("segment").GetInt32());
        return null;
    }

    private string? Decided(LoggedDecision decision, JsonElement raw)
    {
        Decisions++;
        switch (decision.Kind)
        {
            case "choose":
                return Chosen(decision, raw);
            case "realise":
                if (decision.Stage is { } index && _stages.TryGetValue(index, out WatchedStage? known))
                {
                    _stages[index] = known with { Realised = decision.Realised };
                    return known.Kind == "path"
                        ? $"trained: {decision.Realised:G5} at the end (mean training loss)"
                        : $"stage {index} realised {decision.Realised:G5}{(known.ForecastMean is { } mean ? $" (forecast {mean:G5} ± {known.ForecastSd:G2})" : "")}";
                }

                return null;
            case "complete" or "fail" or "lengthen_probes" or "rate_reduced":
                return decision.Reason;
            default:
                return null;
        }
    }

    private string Chosen(LoggedDecision decision, JsonElement raw)
    {
        WatchedStage stage = WatchedStage.Read(decision);
        foreach (int replaced in _stages.Keys.Where(index => index > stage.Index).ToList())
        {
            _stages.Remove(replaced);
        }

        _stages[stage.Index] = stage;
        LastReason = stage.Reason;
        Path.Take(decision.Taken, raw.List("dropped").Select(number => number.GetInt32()));
        _probes.Clear();
        Probed = null;
        string cost = Cost(decision);
        switch (stage.Kind)
        {
            case "rung":
                int gone = stage.Candidates.Count(c => c.Diverged);
                int tried = decision.Candidates.Count(c => c.Outcome != "skipped");
                double? best = decision.Candidates.FirstOrDefault(c => c.LearningRate == decision.Chosen)?.Score;
                string score = best is null ? "" : $", {Words(Outline.Metric)} {best:G4}";
                return $"rung {RungOf(stage.Index)}: best is {stage.Chosen:G4}{score}, of {tried} tried{(gone > 0 ? $" ({gone} diverged)" : "")}; {cost}";
            case "path":
                return $"{(stage.Chosen is { } peak ? $"peak {peak:G4}: {stage.Reason}" : stage.Reason)}{Environment.NewLine}{Shape(decision)}";
            case "decay":
                return $"decays from step {stage.Start}: {stage.Reason}";
            case "end":
                return $"ends at step {stage.Start + stage.Steps}: {stage.Reason}";
            default:
                return $"{stage.Line()}{(cost.Length > 0 ? $"; {cost}" : "")}{Environment.NewLine}  why: {stage.Reason}";
        }
    }

    private string Cost(LoggedDecision decision) => decision.Search > 0
        ? $"{decision.Search:F0} steps{(Outline.Form is SearchForm.Trials ? "" : " of search")}"
            + (Outline.Form is SearchForm.Stages && decision.BecameTraining > 0 ? $", {decision.BecameTraining} of them kept" : "")
            + (decision.Gain is { } gain ? $", expected gain {gain:P1}" : "")
        : "";

    /// <summary>The schedule that a path decides, in words.</summary>
    private string Shape(LoggedDecision path)
    {
        long start = path.Start ?? 0;
        LoggedRun[] runs = [.. path.Runs];
        if (Outline.Form == SearchForm.Rungs && runs.Length >= 2)
        {
            long kept = runs[0].Steps;
            LoggedRun[] held = [.. runs.TakeWhile(run => run.To >= run.From)];
            long hold = held.Sum(run => run.Steps);
            return $"trains on from that probe ({kept} steps kept): holds {held[^1].From:G4} to step {start + hold} at the latest, then decays linearly to 0 at step {start + path.Steps}";
        }

        return runs.Length == 0 ? ""
            : $"schedule: {path.Steps} steps, {runs[0].From:G4} to {runs[^1].To:G4}, at most {runs.Max(run => Math.Max(run.From, run.To)):G4}";
    }
}

/// <summary>A stage whose candidates are tried.</summary>
internal sealed record ProbedStage(int Index, long Start, int Observed, int Planned);

/// <summary>A stage as it is shown.</summary>
internal sealed record WatchedStage(
    int Index,
    string Kind,
    long Start,
    long Steps,
    double? Chosen,
    double? ForecastMean,
    double? ForecastSd,
    double? Realised,
    IReadOnlyList<(double Rate, double? Mean, double? Sd, bool Diverged)> Candidates,
    string Reason)
{
    /// <summary>A choice as it is shown.</summary>
    public static WatchedStage Read(LoggedDecision d) => new(
        d.Stage ?? 0,
        d.StageKind ?? "stage",
        d.Start ?? 0,
        d.Steps,
        d.Chosen,
        d.Forecast?.Mean,
        d.Forecast?.Sd,
        null,
        [.. d.Candidates.Select(c => (c.LearningRate, c.Forecast?.Mean, c.Forecast?.Sd, c.Outcome == "diverged"))],
        d.Reason);

    /// <summary>In a line.</summary>
    public string Line() => Chosen is { } rate
        ? $"stage {Index}, steps {Start}–{Start + Steps}: rate {rate:G4}{(ForecastMean is { } mean ? $", forecast {mean:G5} ± {ForecastSd:G2}" : "")}{(Candidates.Count > 0 ? $", of {Candidates.Count} tried" : "")}{(Candidates.Count(c => c.Diverged) is var gone and > 0 ? $" ({gone} diverged)" : "")}"
        : $"stage {Index}, steps {Start}–{Start + Steps}: {Kind}";
}
