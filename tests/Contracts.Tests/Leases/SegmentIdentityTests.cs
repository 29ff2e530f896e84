using System.Text.Json.Nodes;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Contracts.Tests.Leases;

public sealed class SegmentIdentityTests
{
    private static readonly SegmentIdentity Sample = new()
    {
        Kind = "train",
        Parents = [SegmentIdentity.Init],
        Start = 0,
        Steps = 10,
        Plan = new RatePlan([new RateRun(10, 0.1, 0.1)]),
        Settings = new JsonObject { ["model"] = "mlp", ["batchSize"] = 64 },
        Seed = 1,
        Trainer = "trainer",
        Data = "data",
        Class = "cpu",
    };

    [Fact]
    public void It_is_the_hexadecimal_sha256_of_its_fields()
    {
        Assert.Matches("^[0-9a-f]{64}$", Sample.Hash());
        Assert.Equal(Sample.Hash(), (Sample with { Settings = new JsonObject { ["batchSize"] = 64, ["model"] = "mlp" } }).Hash());
    }

    [Fact]
    public void Whatever_changes_the_work_changes_it()
    {
        SegmentIdentity[] others =
        [
            Sample with { Kind = "evaluate" },
            Sample with { Parents = ["other"] },
            Sample with { Start = 1 },
            Sample with { Steps = 9 },
            Sample with { Plan = new RatePlan([new RateRun(10, 0.1, 0.2)]) },
            Sample with { Settings = new JsonObject { ["model"] = "cnn", ["batchSize"] = 64 } },
            Sample with { Seed = 2 },
            Sample with { Trainer = "other" },
            Sample with { Workload = "other" },
            Sample with { Data = "other" },
            Sample with { Class = "other" },
        ];

        Assert.Equal(others.Length + 1, others.Append(Sample).Select(identity => identity.Hash()).Distinct().Count());
    }
}
