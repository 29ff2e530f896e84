using System.Text.Json;
using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.Watching;

/// <summary>What a watcher knows of a job: its events folded into the few things that are shown.</summary>
internal sealed class WatchedJob
{
    private readonly SortedDictionary<int, WatchedStage> _stages = [];
    private readonly SortedDictionary<int, string> _running = [];
    private readonly Dictionary<int, bool> _probes = []; // of the stage that is searched: whether each was observed

    /// <summary>Stages that were decided, by index.</summary>
    public IReadOnlyCollection<WatchedStage> Stages => _stages.Values;

    /// <summary>Loss and rate along the path.</summary>
    public PathCurve Path { get; } = new();

    /// <summary>The stage that is searched now; null between two.</summary>
    public ProbedStage? Probed { get; private set; }

    /// <summary>Grows with each decision: then there is more of the path to be shown.</summary>
    public int Decisions { get; private set; }

    /// <summary>Segments that run now: what they try, and how far they are.</summary>
    public IReadOnlyCollection<string> Running => _running.Values;

    /// <summary>How it ended; null while it runs.</summary>
    public string? Ended { get; private set; }

    /// <summary>Takes an event; returns a line for people, or null when there is nothing to say.</summary>
    public string? Take(JobEventView e) => e.Type switch
    {
        "progress" => Progress(e.Payload),
        "job_placed" => $"placed on {e.Payload.GetProperty("placement").GetProperty("name").GetString()!.Split('+')[0]}, class {e.Payload.GetProperty("placement").GetProperty("class").GetString()}",
        "job_unschedulable" => $"waits: {e.Payload.GetProperty("reason").GetString()}",
        "search_decided" => Decision(e.Payload.GetProperty("decision")),
        "stretch_observed" => Observe(e.Payload.GetProperty("observation").GetProperty("stretch").GetInt32()),
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

    private string? Plan(JsonElement stretch)
    {
        if (stretch.GetProperty("role").GetString() == "probe")
        {
            _probes[stretch.GetProperty("number").GetInt32()] = false;
            Probed = new ProbedStage(
                stretch.GetProperty("stage").GetInt32(), stretch.GetProperty("start").GetInt64(), _probes.Values.Count(seen => seen), _probes.Count);
        }

        return null;
    }

    private string? Observe(int stretch)
    {
        if (_probes.ContainsKey(stretch))
        {
            _probes[stretch] = true;
            Probed = Probed! with { Observed = _probes.Values.Count(seen => seen) };
        }

        return null;
    }

    private static IEnumerable<int> Numbers(JsonElement of, string name) =>
        of.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Select(n => n.GetInt32()) : [];

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
            "worker_fault" => "waits for its worker, or another",
            _ => "was given back",
        };
        return $"segment {payload.GetProperty("segment").GetInt32()} {what}: {payload.GetProperty("message").GetString()}";
    }

    private static double? Number(JsonElement of, string name) =>
        of.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private string? Progress(JsonElement payload)
    {
        foreach (JsonElement segment in payload.GetProperty("segments").EnumerateArray())
        {
            string role = segment.GetProperty("role").GetString()!;
            _running[segment.GetProperty("segment").GetInt32()] =
                $"{role} {Number(segment, "rate"):G3} {Number(segment, "steps")}/{Number(segment, "planned")}";
            if (role != "path" || !segment.TryGetProperty("points", out JsonElement points))
            {
                continue;
            }

            foreach (JsonElement point in points.EnumerateArray())
            {
                if (point.GetArrayLength() >= 3 && point.EnumerateArray().Take(3).All(value => value.ValueKind == JsonValueKind.Number))
                {
                    Path.Add(new PathPoint((long)point[0].GetDouble(), point[1].GetDouble(), point[2].GetDouble()));
                }
            }
        }

        return null;
    }

    /// <summary>A segment runs no more.</summary>
    private string? Ends(JsonElement payload)
    {
        _running.Remove(payload.GetProperty("segment").GetInt32());
        return null;
    }

    private string? Decision(JsonElement decision)
    {
        Decisions++;
        switch (decision.GetProperty("decision").GetString())
        {
            case "plan":
                return Plan(decision.GetProperty("stretch"));
            case "choose":
                WatchedStage stage = WatchedStage.Read(decision);
                _stages[stage.Index] = stage;
                Path.Take(stage.Index, stage.Taken, Numbers(decision, "dropped"));
                _probes.Clear();
                Probed = null;
                return stage.Line();
            case "realise":
                int index = decision.GetProperty("stage").GetInt32();
                if (_stages.TryGetValue(index, out WatchedStage? known))
                {
                    _stages[index] = known with { Realised = Number(decision, "realised") };
                    return $"stage {index} realised {Number(decision, "realised"):G5}{(known.ForecastMean is { } mean ? $" (forecast {mean:G5} ± {known.ForecastSd:G2})" : "")}";
                }

                return null;
            case "complete" or "fail":
                return decision.GetProperty("reason").GetString();
            default:
                return null;
        }
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
    int? Taken,
    string Reason)
{
    public static WatchedStage Read(JsonElement d)
    {
        (double? mean, double? sd) = Forecast(d);
        return new WatchedStage(
            d.GetProperty("stage").GetInt32(),
            d.GetProperty("kind").GetString()!,
            d.GetProperty("start").GetInt64(),
            d.GetProperty("steps").GetInt64(),
            d.TryGetProperty("chosen", out JsonElement chosen) ? chosen.GetDouble() : null,
            mean,
            sd,
            null,
            [.. d.GetProperty("candidates").EnumerateArray().Select(c =>
            {
                (double? m, double? s) = Forecast(c);
                return (c.GetProperty("rate").GetDouble(), m, s, c.GetProperty("outcome").GetString() == "diverged");
            })],
            d.TryGetProperty("taken", out JsonElement taken) && taken.GetArrayLength() > 0 ? taken[0].GetInt32() : null,
            d.GetProperty("reason").GetString()!);
    }

    public string Line() => Chosen is { } rate
        ? $"stage {Index}, steps {Start}–{Start + Steps}: rate {rate:G4}{(ForecastMean is { } mean ? $", forecast {mean:G5} ± {ForecastSd:G2}" : "")}, of {Candidates.Count} tried{(Candidates.Count(c => c.Diverged) is var gone and > 0 ? $" ({gone} diverged)" : "")}"
        : $"stage {Index}, steps {Start}–{Start + Steps}: {Kind}";

    private static (double? Mean, double? Sd) Forecast(JsonElement of) =>
        of.TryGetProperty("forecast", out JsonElement f) && f.ValueKind == JsonValueKind.Object
            ? (f.GetProperty("mean").GetDouble(), f.GetProperty("deviation").GetDouble())
            : (null, null);
}
