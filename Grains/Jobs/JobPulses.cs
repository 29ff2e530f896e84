using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Grains.Jobs;

/// <summary>
/// Wakes whoever watches a job, and holds the newest progress of each running segment. In memory only: progress is
/// for looking at, the full series comes with the result.
/// </summary>
internal sealed class JobPulses(TimeProvider clock, CancellationToken stopping)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(15);

    private readonly SortedDictionary<int, (long Mark, JsonElement Shown)> _progress = [];
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _closed;

    /// <summary>Grows with each progress.</summary>
    public long Mark { get; private set; }

    /// <summary>The last number in a column of a progress; null = none.</summary>
    public static double? LastOf(JsonElement shown, string column)
    {
        if (!shown.TryGetProperty("columns", out JsonElement columns) || !shown.TryGetProperty("points", out JsonElement points) || points.GetArrayLength() == 0)
        {
            return null;
        }

        int at = 0;
        foreach (JsonElement name in columns.EnumerateArray())
        {
            JsonElement last = points[points.GetArrayLength() - 1];
            if (name.GetString() == column && at < last.GetArrayLength() && last[at].ValueKind == JsonValueKind.Number)
            {
                return last[at].GetDouble();
            }

            at++;
        }

        return null;
    }

    /// <summary>Wakes everybody who waits.</summary>
    public void Ring()
    {
        TaskCompletionSource old = _next;
        _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        old.TrySetResult();
    }

    /// <summary>Wakes everybody for good: the activation ends, which it cannot while somebody waits in it.</summary>
    public void Close()
    {
        _closed = true;
        Ring();
    }

    /// <summary>
    /// Waits for the next ring, at most 15 s, and not beyond the end of its silo: an activation ends only when nobody
    /// waits in it any more.
    /// </summary>
    /// <param name="ct">Nobody waits any more.</param>
    public async Task NextAsync(CancellationToken ct)
    {
        if (_closed)
        {
            return;
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(ct, stopping);
        await Task.WhenAny(_next.Task, Task.Delay(LongestWait, clock, over.Token));
        await over.CancelAsync();
        ct.ThrowIfCancellationRequested();
    }

    /// <summary>Keeps the newest progress of a segment; returns how it is shown.</summary>
    public JsonElement Progress(SegmentView segment, LiveProgress told)
    {
        JsonElement shown = JsonSerializer.SerializeToElement(
            new
            {
                segment.Segment,
                segment.Stretch,
                segment.Role,
                segment.Stage,
                segment.Rate,
                segment.Start,
                Planned = segment.Steps,
                told.Worker,
                told.Progress.Steps,
                told.Progress.Columns,
                told.Progress.Points,
            },
            WireJson.Options);
        _progress[told.Segment] = (++Mark, shown);
        Ring();
        return shown;
    }

    /// <summary>A segment runs no more.</summary>
    public void Forget(int segment) => _progress.Remove(segment);

    /// <summary>Progress after a mark as JSON; null = none.</summary>
    public string? Since(long mark)
    {
        JsonNode[] news = [.. _progress.Values.Where(p => p.Mark > mark).Select(p => JsonSerializer.SerializeToNode(p.Shown)!)];
        return news.Length == 0 ? null : new JsonObject { ["segments"] = new JsonArray(news) }.ToJsonString();
    }
}
