using System.Text.Json;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Contracts.Client;

/// <summary>
/// The user's side of the HTTP API. A refusal is an <see cref="ApiException"/>, an unreachable server an
/// <see cref="ServerUnreachableException"/>.
/// </summary>
public interface IJobsApi
{
    /// <summary>Submits a job file. The same key with the same body gives the same job.</summary>
    Task<JobView> SubmitAsync(JsonElement spec, string? idempotencyKey = null, CancellationToken ct = default);

    /// <summary>Jobs, newest first; <paramref name="status"/> null = all.</summary>
    Task<Page<JobView>> ListAsync(JobStatus? status = null, int limit = 50, string? cursor = null, CancellationToken ct = default);

    Task<JobView> GetAsync(string job, CancellationToken ct = default);

    /// <summary>The job file as it was submitted.</summary>
    Task<JsonElement> SpecAsync(string job, CancellationToken ct = default);

    Task<JobView> PauseAsync(string job, CancellationToken ct = default);

    Task<JobView> ResumeAsync(string job, CancellationToken ct = default);

    Task<JobView> CancelAsync(string job, CancellationToken ct = default);

    /// <summary>Deletes a job that has ended, with its events.</summary>
    Task DeleteAsync(string job, CancellationToken ct = default);

    /// <summary>
    /// Events after a sequence number, then live ones, until the job has ended and all were sent. Live progress comes
    /// as type "progress", and why a job waits for room on a disk as type "held", with sequence 0. Reconnects by itself
    /// and resumes.
    /// </summary>
    IAsyncEnumerable<JobEventView> EventsAsync(string job, long after = 0, CancellationToken ct = default);

    /// <summary>The schedule: format json, csv or pytorch.</summary>
    Task<string> ScheduleAsync(string job, string format = "json", CancellationToken ct = default);

    Task<Page<TrialView>> TrialsAsync(string job, int limit = 100, string? cursor = null, CancellationToken ct = default);

    Task<Page<SegmentView>> SegmentsAsync(string job, int limit = 100, string? cursor = null, CancellationToken ct = default);

    /// <summary>Curves, thinned to at most <paramref name="points"/> a curve.</summary>
    Task<CurvesView> CurvesAsync(string job, int points = 500, CancellationToken ct = default);

    /// <summary>The trained model as safetensors with plain PyTorch names.</summary>
    Task<Stream> ModelAsync(string job, CancellationToken ct = default);

    Task<JobResult> ResultAsync(string job, CancellationToken ct = default);

    /// <summary>What the trainer of a segment wrote besides protocol messages; id = job/segment.</summary>
    Task<string> LogAsync(string segment, CancellationToken ct = default);

    Task<Page<WorkerView>> WorkersAsync(int limit = 100, string? cursor = null, CancellationToken ct = default);

    Task<IReadOnlyList<PoolView>> PoolsAsync(CancellationToken ct = default);
}
