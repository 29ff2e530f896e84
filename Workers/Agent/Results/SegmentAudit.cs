using System.Security.Cryptography;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Agent.Results;

/// <summary>
/// Whether a trainer did what it was told: every step once, at exactly the rate planned. A trainer that did not is no
/// witness of how good the rate was.
/// </summary>
internal static class SegmentAudit
{
    /// <summary>Longest series that can be sent, in bytes, some six hundred thousand steps: the rest is for how JSON writes it.</summary>
    internal const long LongestSeries = CompletionRequest.MostBytes / 4 * 3;

    /// <summary>Whether a series can be sent to the silo; null = it can, or is not there.</summary>
    internal static SegmentFailure? CheckLength(FileInfo series) => series is { Exists: true, Length: > LongestSeries }
        ? new SegmentFailure("error", $"The series has {series.Length} bytes; at most {LongestSeries} can be sent: give the job shorter segments (segmentSteps).")
        : null;

    /// <summary>What is wrong with a result; null = nothing.</summary>
    /// <param name="train">What was asked for.</param>
    /// <param name="done">What was answered.</param>
    /// <param name="series">Bytes of the series file; null where none was named.</param>
    internal static SegmentFailure? Check(TrainRequest train, DoneReply done, byte[]? series)
    {
        if (series is null)
        {
            return done.Steps == 0 ? null : Protocol($"`done` after {done.Steps} steps names no series");
        }

        string hash = Convert.ToHexStringLower(SHA256.HashData(series));
        if (hash != done.Series!.Sha256)
        {
            return Protocol($"the series has SHA-256 {hash}, `done` says {done.Series.Sha256}");
        }

        IReadOnlyList<SeriesPoint> points;
        try
        {
            points = SeriesCsv.Parse(series);
        }
        catch (FormatException e)
        {
            return Protocol(e.Message);
        }

        if (points.Count != done.Steps)
        {
            return Protocol($"the series has {points.Count} points for {done.Steps} steps");
        }

        for (int i = 0; i < points.Count; i++)
        {
            if (points[i].Step != train.Start + i)
            {
                return Protocol($"point {i} of the series is of step {points[i].Step}, expected {train.Start + i}");
            }
        }

        return CheckRates(train, done, points);
    }

    private static SegmentFailure? CheckRates(TrainRequest train, DoneReply done, IReadOnlyList<SeriesPoint> points)
    {
        switch (train.Plan)
        {
            case RatePlan plan:
                double[] planned = plan.Expand(points.Count);
                for (int i = 0; i < planned.Length; i++)
                {
                    if (BitConverter.DoubleToInt64Bits(points[i].Rate) != BitConverter.DoubleToInt64Bits(planned[i]))
                    {
                        return WrongRates($"step {points[i].Step} was made at rate {points[i].Rate:R}, planned was {planned[i]:R}");
                    }
                }

                return null;
            case RateRule rule:
                foreach (SeriesPoint point in points)
                {
                    if (!(point.Rate >= rule.Min && point.Rate <= rule.Max))
                    {
                        return WrongRates(
                            $"step {point.Step} was made at rate {point.Rate:R}, outside [{rule.Min:R}, {rule.Max:R}] of rule {rule.Rule}");
                    }
                }

                bool same = done.Rates is null
                    || (done.Rates.Count == points.Count && points.Select(p => p.Rate).SequenceEqual(done.Rates));
                return same ? null : WrongRates("`rates` of `done` are not those of the series");
            default:
                return null;
        }
    }

    private static SegmentFailure Protocol(string what) => new("protocol", $"The trainer's result cannot be used: {what}.");

    private static SegmentFailure WrongRates(string what) =>
        new("wrong_rates", $"The trainer did not keep to the rate plan: {what}.");
}
