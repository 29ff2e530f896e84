using System.Globalization;
using System.Text;
using System.Text.Json;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Pools;
using Orchestrator.Grains.Storage;

namespace Orchestrator.Silo.Api;

/// <summary>What a job found so far: schedule, trials, segments, curves, model, result, logs.</summary>
internal static class JobDataApi
{
    private const int MostItems = 1000;
    private const int MostPoints = 5000;

    /// <summary>Series that are in memory at once while curves are drawn.</summary>
    private const int SeriesAtOnce = 32;

    public static void MapJobData(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/jobs/{job}/schedule", ScheduleAsync).WithName("getSchedule").Produces<ScheduleResult>().ProducesProblem(StatusCodes.Status404NotFound);
        app.MapGet("/v1/jobs/{job}/result", ResultAsync).WithName("getResult").Produces<JobResult>().ProducesProblem(StatusCodes.Status404NotFound);
        app.MapGet("/v1/jobs/{job}/trials", TrialsAsync).WithName("listTrials").Produces<Page<TrialView>>().ProducesProblem(StatusCodes.Status404NotFound);
        app.MapGet("/v1/jobs/{job}/segments", SegmentsAsync).WithName("listSegments").Produces<Page<SegmentView>>().ProducesProblem(StatusCodes.Status404NotFound);
        app.MapGet("/v1/jobs/{job}/curves", CurvesAsync).WithName("getCurves").Produces<CurvesView>().ProducesProblem(StatusCodes.Status404NotFound);
        app.MapGet("/v1/jobs/{job}/model", ModelAsync).WithName("getModel").Produces<byte[]>(StatusCodes.Status200OK, "application/octet-stream").ProducesProblem(StatusCodes.Status404NotFound);
        app.MapGet("/v1/segments/{job}/{segment:int}/log", LogAsync).WithName("getSegmentLog").Produces<string>(StatusCodes.Status200OK, "text/plain").ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ScheduleAsync(string job, string? format, IJobStore store, IGrainFactory grains, CancellationToken ct)
    {
        if (await grains.GetGrain<IJobGrain>(job).ScheduleAsync() is not { } runs)
        {
            return Problems.NoJob(job);
        }

        return (format ?? "json") switch
        {
            "json" => TypedResults.Ok(new ScheduleResult(runs)),
            "csv" => TypedResults.Text(ScheduleText.Csv(runs), "text/csv"),
            "pytorch" => TypedResults.Text(ScheduleText.PyTorch(job, runs), "text/x-python"),
            "optax" => Problems.NotYet("The Optax form of a schedule"),
            _ => Problems.BadInput($"format={format}: json, csv or pytorch is wanted."),
        };
    }

    private static async Task<IResult> ResultAsync(string job, IJobStore store, CancellationToken ct) => await store.FindAsync(job, ct) switch
    {
        null => Problems.NoJob(job),
        { Result: { } result } => TypedResults.Text(result, "application/json"),
        _ => Problems.Of(StatusCodes.Status409Conflict, "Not now", "The job has not ended, so there is no result yet."),
    };

    private static async Task<IResult> TrialsAsync(string job, IGrainFactory grains)
    {
        // At most the 100 best, in one page: the others are in the job's events.
        return await grains.GetGrain<IJobGrain>(job).TrialsAsync() is { } trials
            ? TypedResults.Ok(new Page<TrialView>(trials.Best, null))
            : Problems.NoJob(job);
    }

    private static async Task<IResult> SegmentsAsync(string job, int? limit, string? cursor, IJobStore store, IGrainFactory grains, CancellationToken ct)
    {
        if (await store.FindAsync(job, ct) is not { } header)
        {
            return Problems.NoJob(job);
        }

        int after = -1;
        if (cursor is not null && (!int.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out after) || after < 0))
        {
            return Problems.BadCursor(cursor);
        }

        int size = Math.Clamp(limit ?? 100, 1, MostItems);
        IReadOnlyList<StoredSegment> stored = await store.SegmentsAsync(job, after, size, ct);
        IReadOnlyDictionary<int, string> leased = await grains.GetGrain<IPoolGrain>(header.Pool).LeasedAsync(job);
        SegmentView[] views =
        [
            .. stored.Select(segment => JsonSerializer.Deserialize<SegmentView>(segment.View, WireJson.Options)!)
                .Select(view => view.State == "planned" && leased.TryGetValue(view.Segment, out string? worker) ? view with { State = "leased", Worker = worker } : view),
        ];
        return TypedResults.Ok(new Page<SegmentView>(views, stored.Count == size ? stored[^1].Segment.ToString() : null));
    }

    private static async Task<IResult> CurvesAsync(string job, int? points, IJobStore store, CancellationToken ct)
    {
        if (await store.FindAsync(job, ct) is null)
        {
            return Problems.NoJob(job);
        }

        var curves = new JobCurves(Math.Clamp(points ?? 500, 2, MostPoints));
        int after = -1;
        while (true)
        {
            IReadOnlyList<StoredSegment> page = await store.SegmentsAsync(job, after, SeriesAtOnce, ct);
            if (page.Count == 0)
            {
                return TypedResults.Ok(curves.View());
            }

            after = page[^1].Segment;
            Dictionary<int, string> series = (await store.SeriesAsync(job, [.. page.Select(s => s.Segment)], ct)).ToDictionary(s => s.Segment, s => s.Csv);
            foreach (StoredSegment segment in page)
            {
                curves.Add(segment, series.GetValueOrDefault(segment.Segment));
            }
        }
    }

    private static async Task<IResult> ModelAsync(string job, IJobStore store, IBlobStore blobs, CancellationToken ct)
    {
        if (await store.FindAsync(job, ct) is not { } header)
        {
            return Problems.NoJob(job);
        }

        JobResult? result = header.Result is null ? null : JsonSerializer.Deserialize<JobResult>(header.Result, WireJson.Options);
        if (result?.Checkpoint is not { } checkpoint)
        {
            return Problems.Of(StatusCodes.Status409Conflict, "Not now", "The job has no trained model: it has not ended, or failed.");
        }

        string sha256 = checkpoint["sha256:".Length..];
        if (await blobs.OpenAsync(sha256, ct) is not { } stream)
        {
            return Problems.NotFound($"The checkpoint {checkpoint} is gone.");
        }

        var model = new MemoryStream();
        try
        {
            ModelExport.Write(stream, model, new Dictionary<string, string>
            {
                ["job"] = job,
                ["name"] = result.Name,
                ["checkpoint"] = checkpoint,
                ["orchestrator"] = result.Version,
            });
        }
        catch (FormatException)
        {
            // A foreign trainer's checkpoint is any one file: it goes out as it is.
            stream.Position = 0;
            return TypedResults.Stream(stream, "application/octet-stream", result.Name);
        }

        await stream.DisposeAsync();
        model.Position = 0;
        return TypedResults.Stream(model, "application/octet-stream", $"{result.Name}.safetensors");
    }

    private static async Task<IResult> LogAsync(string job, int segment, IJobStore store, CancellationToken ct)
    {
        if (await store.SegmentAsync(job, segment, ct) is null)
        {
            return Problems.NotFound($"There is no segment {job}/{segment}.");
        }

        return TypedResults.Text(await store.LogAsync(job, segment, ct) ?? "", "text/plain");
    }
}
