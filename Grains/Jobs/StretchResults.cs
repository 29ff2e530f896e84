using System.Text;
using System.Text.Json;
using Orchestrator.Bo.Searches;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Grains.Jobs;

/// <summary>Puts together what the segments of a stretch brought.</summary>
public static class StretchResults
{
    /// <summary>
    /// All that is known of a stretch that ended. Of one that did not succeed, nothing but that: what is known of its
    /// losses depends on where it happened to be stopped before.
    /// </summary>
    /// <param name="objective">What the job is to make small or large.</param>
    /// <param name="stretch">The stretch.</param>
    /// <param name="series">The series of a segment as CSV; null = it has none.</param>
    /// <param name="result">The stored <see cref="SegmentResult"/> of a segment; null = it has none.</param>
    public static StretchResult Of(
        ObjectiveSpec objective, StretchRecord stretch, Func<int, string?> series, Func<int, string?> result)
    {
        var losses = new List<double>();
        var validations = new List<ValidationPoint>();
        foreach (int piece in stretch.Outcome == StretchOutcome.Succeeded ? stretch.Pieces : [])
        {
            if (series(piece) is { } csv)
            {
                losses.AddRange(SeriesCsv.Parse(Encoding.UTF8.GetBytes(csv)).Select(point => point.Loss ?? double.NaN));
            }

            if (result(piece) is { } stored)
            {
                validations.AddRange(JsonSerializer.Deserialize<SegmentResult>(stored, WireJson.Options)!.Validations
                    .Select(validation => ValidationSignal.Of(validation, objective)));
            }
        }

        return new StretchResult(stretch.Plan.Number, stretch.Outcome!.Value, losses, validations);
    }
}
