using Orchestrator.Contracts.Leases;

namespace Orchestrator.Silo.Api;

/// <summary>
/// What the types of a worker's messages cannot say: names that are names, numbers within reason, lists without holes.
/// Whoever reads them further in may then rely on it.
/// </summary>
internal static class WorkerMessages
{
    private const int LongestName = 200;
    private const int MostSlots = 10_000;
    private const int LongestLog = 64 << 10;
    private const int LongestMessage = 4000;
    private const double MostSeconds = 1e8;
    private const long MostSamples = 1L << 40;

    /// <summary>What is wrong with a registration; null = nothing.</summary>
    public static string? Problem(string pool, string worker, WorkerRegistration registration) =>
        Name("pool", pool) ?? Name("worker", worker) ?? Name("instance", registration.Instance) ?? Slots("slots", registration.Slots)
        ?? (Whole(registration.Trainers) && Whole(registration.Spooled) && Whole(registration.Devices)
            && registration.Trainers.All(trainer => Whole(trainer.Description.Workloads) && Whole(trainer.Description.Data))
            ? null
            : "A list of the registration holds null.");

    /// <summary>What is wrong with a request for leases; null = nothing.</summary>
    public static string? Problem(string pool, LeaseRequest request) =>
        Name("pool", pool) ?? Name("worker", request.Worker) ?? Name("requestId", request.RequestId)
        ?? Slots("free", request.Free) ?? Slots("ahead", request.Ahead);

    /// <summary>What is wrong with a heartbeat; null = nothing.</summary>
    public static string? Problem(HeartbeatRequest request) =>
        Name("pool", request.Pool) ?? Name("worker", request.Worker)
        ?? (Whole(request.Leases) && request.Leases.All(lease => Whole(lease.Columns) && Whole(lease.Points))
            ? null
            : "A list of the heartbeat holds null.");

    /// <summary>What is wrong with completions; null = nothing.</summary>
    public static string? Problem(CompletionRequest request) =>
        Name("pool", request.Pool) ?? Name("worker", request.Worker)
        ?? (Whole(request.Completions) && request.Completions.All(completion => Whole(completion.Validations))
            ? null
            : "A list of the completions holds null.");

    /// <summary>
    /// A completion with texts of bounded length, the end of its log and the beginning of its message, and with seconds
    /// and samples that can be summed: those no segment takes are a worker's mistake.
    /// </summary>
    public static Completion Bounded(Completion completion) => completion with
    {
        Seconds = completion.Seconds is { } s
            ? new LeaseSeconds(Seconds(s.Training), Seconds(s.Evaluation), Seconds(s.Checkpoint), Seconds(s.Total))
            : null,
        Validations = completion.Validations is { } validations
            ? [.. validations.Select(v => v.Samples > MostSamples ? v with { Samples = MostSamples } : v)]
            : null,
        Log = completion.Log is { Length: > LongestLog } log ? log[^LongestLog..] : completion.Log,
        Failure = completion.Failure is { Message.Length: > LongestMessage } failure
            ? failure with { Message = failure.Message[..LongestMessage] + "…" }
            : completion.Failure,
    };

    private static double Seconds(double seconds) => Math.Clamp(seconds, 0, MostSeconds);

    private static string? Name(string what, string name) => string.IsNullOrWhiteSpace(name) || name.Length > LongestName
        ? $"'{what}' is '{(name.Length > LongestName ? name[..LongestName] + "…" : name)}'; 1 to {LongestName} characters are wanted."
        : null;

    private static string? Slots(string what, int count) => count is < 0 or > MostSlots
        ? $"'{what}' is {count}; a number from 0 to {MostSlots} is wanted."
        : null;

    private static bool Whole<T>(IReadOnlyList<T>? list)
        where T : class => list is null || list.All(item => (object?)item is not null);
}
