using System.Text.Json.Nodes;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.TestKit.Workers;

namespace Orchestrator.Agent.Tests;

/// <summary>Segments for the fake trainer.</summary>
internal static class Work
{
    /// <summary>A segment of five steps from the initial weights, with a checkpoint at its end.</summary>
    internal static SegmentWork Segment(string behave = "", params IEnumerable<(string Name, JsonNode Value)> settings)
    {
        var all = new JsonObject();
        if (behave.Length > 0)
        {
            all["behave"] = behave;
        }

        foreach ((string name, JsonNode value) in settings)
        {
            all[name] = value;
        }

        return new SegmentWork
        {
            Job = "job",
            Segment = 0,
            Identity = new string('0', 64),
            Trainer = new TrainerSelection { Workload = FakeTrainer.Workload, HangSeconds = 30 },
            Settings = all,
            Seed = 1,
            Output = true,
            Start = 0,
            Steps = 5,
            Plan = new RatePlan([new RateRun(3, 0.1, 0.01), new RateRun(9, 0.07, 0.3)]),
            TrainerDigest = FakeTrainer.Digest,
            DataDigest = "",
            Class = "fake",
        };
    }

    internal static SegmentWork WithHang(this SegmentWork work, double seconds) =>
        work with { Trainer = work.Trainer with { HangSeconds = seconds } };

    internal static SegmentWork WithStep(this SegmentWork work, double seconds)
    {
        var settings = (JsonObject)work.Settings.DeepClone();
        settings["stepSeconds"] = seconds;
        settings.Remove("gate");
        return work with { Settings = settings };
    }

    internal static Lease As(this SegmentWork work, string token) => new(token, work);
}
