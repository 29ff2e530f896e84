using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Grains.Jobs;

namespace Orchestrator.Grains.Pools;

/// <summary>Which worker can run what: pure functions over registrations.</summary>
public static class WorkerMatch
{
    /// <summary>Whether a worker has what a segment is pinned to, and what its job asks of a worker.</summary>
    public static bool Fits(WorkerRegistration worker, SegmentWork work) =>
        Missing(worker, work.Labels, work.Trainer.MemoryBytes) is null
        && Offers(worker, work.Trainer).Any(place => place.Trainer == work.TrainerDigest && place.Class == work.Class
            && (work.DataDigest.Length == 0 || place.Data.Contains(work.DataDigest)));

    /// <summary>Pins a job to what the first fitting worker has, or says why none fits.</summary>
    public static PlacementReply Place(IReadOnlyList<WorkerRegistration> workers, PlacementRequest request)
    {
        if (workers.Count == 0)
        {
            return new PlacementReply(null, $"No worker is registered in pool '{request.Resources.Pool}'. Start one: orchestrator worker --pool {request.Resources.Pool}");
        }

        // Of several workers the one that came nearest says what is missing: that the others lack more is no news.
        (int Passed, string Reason) nearest = (-1, "");
        foreach (WorkerRegistration worker in workers)
        {
            (JobPlacement? placement, int passed, string why) = Place(worker, request);
            if (placement is not null)
            {
                return new PlacementReply(placement, null);
            }

            nearest = passed > nearest.Passed ? (passed, why) : nearest;
        }

        return new PlacementReply(null, nearest.Reason);
    }

    private static (JobPlacement? Placement, int Passed, string Reason) Place(WorkerRegistration worker, PlacementRequest request)
    {
        if (Missing(worker, request.Resources.Labels, request.Resources.MemoryBytes) is { } missing)
        {
            return (null, 0, missing);
        }

        Offer? offer = Offers(worker, request.Trainer).FirstOrDefault();
        if (offer is null)
        {
            return (null, 1, request.Trainer switch
            {
                { Workload: { } workload } => $"No worker offers the workload '{workload}'.",
                { Name: { } name } => $"No worker offers a trainer by the name '{name}'.",
                _ => "No worker accepts a command of a job's own: start one with --allow-command.",
            });
        }

        WorkloadDescription? described = offer.Workload;
        if (described is not null && !described.Metrics.Contains(request.Metric))
        {
            return (null, 2, $"The workload '{described.Name}' has no metric '{request.Metric}'; it has {string.Join(", ", described.Metrics)}.");
        }

        string? dataset = request.Dataset ?? (Default(described, "dataset") is { ValueKind: JsonValueKind.String } named ? named.GetString() : null);
        DataSetDescription? data = offer.Description?.Data.FirstOrDefault(d => d.Name == dataset);
        if (dataset is not null && data is null && offer.Description is not null)
        {
            string known = string.Join(", ", offer.Description.Data.Select(d => d.Name));
            return (null, 3, $"No worker has the data set '{dataset}'; they have {(known.Length == 0 ? "none" : known)}. Put it into the workers' data folder (orchestrator data says how).");
        }

        long batch = Default(described, "batchSize") is { ValueKind: JsonValueKind.Number } size && size.TryGetInt64(out long whole) ? whole : 0;
        return (new JobPlacement(
            offer.Trainer,
            offer.Description is { } d ? $"{d.Trainer.Name} {d.Trainer.Version}" : "command",
            data?.Digest ?? "",
            offer.Class,
            offer.Description?.Deterministic ?? false,
            described?.Metrics ?? [request.Metric],
            batch,
            described?.Capabilities.Contains(TrainerCapabilities.EarlierLosses) ?? false), 4, "");
    }

    private static string? Missing(WorkerRegistration worker, IReadOnlyDictionary<string, string>? labels, long? memory)
    {
        foreach ((string label, string value) in labels ?? new Dictionary<string, string>())
        {
            if (!worker.Labels.TryGetValue(label, out string? own) || own != value)
            {
                return $"No worker carries the label {label}: {value}.";
            }
        }

        return memory > worker.Memory && worker.Memory > 0 ? $"No worker has the {memory} bytes of memory that the job asks for." : null;
    }

    private static JsonElement? Default(WorkloadDescription? workload, string setting) =>
        workload is not null && workload.Settings.ValueKind == JsonValueKind.Object
        && workload.Settings.TryGetProperty("properties", out JsonElement properties)
        && properties.TryGetProperty(setting, out JsonElement schema) && schema.TryGetProperty("default", out JsonElement value)
            ? value
            : null;

    private static IEnumerable<Offer> Offers(WorkerRegistration worker, TrainerSelection wanted)
    {
        if (wanted.Command is not null)
        {
            if (worker.AllowCommand)
            {
                var identity = new JsonObject
                {
                    ["command"] = JsonSerializer.SerializeToNode(wanted.Command, WireJson.Options),
                    ["files"] = JsonSerializer.SerializeToNode(wanted.Files, WireJson.Options),
                    ["version"] = wanted.Version,
                };
                yield return new Offer(Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Write(identity))), $"command-t{wanted.Threads}", [], null, null);
            }

            yield break;
        }

        foreach (OfferedTrainer trainer in worker.Trainers.Where(t => t.Name == wanted.Name))
        {
            WorkloadDescription? workload = wanted.Workload is null
                ? trainer.OwnWorkload
                : trainer.Description.Workloads.FirstOrDefault(w => w.Name == wanted.Workload);
            if (wanted.Workload is null || workload is not null)
            {
                yield return new Offer(
                    trainer.Description.Trainer.Digest,
                    trainer.Description.Class.Replace("-t1-", $"-t{wanted.Threads}-", StringComparison.Ordinal),
                    [.. trainer.Description.Data.Select(d => d.Digest)],
                    trainer.Description,
                    workload);
            }
        }
    }

    private sealed record Offer(string Trainer, string Class, IReadOnlyList<string> Data, TrainerDescription? Description, WorkloadDescription? Workload);
}
