using System.Security.Cryptography;
using Orchestrator.Contracts.Leases;
using Orchestrator.Contracts.Trainers;
using Orchestrator.TestKit;
using Orchestrator.Workers.Agent.Results;

namespace Orchestrator.Agent.Tests.Results;

public sealed class SegmentAuditTests
{
    private static readonly RatePlan Plan = new([new RateRun(3, 0.1, 0.3), new RateRun(7, 0.3, 0)], offset: 1);

    private static readonly RateRule Rule = new() { Rule = "r", Initial = 0.1, Min = 0.01, Max = 0.2 };

    private static SegmentFailure? Check(SegmentRates rates, double[] made, long first = 20, Func<DoneReply, DoneReply>? change = null)
    {
        byte[] series = SeriesCsv.Format(made.Select((rate, i) => new SeriesPoint(first + i, rate, 1, null, null)));
        var done = new DoneReply
        {
            Steps = made.Length,
            Series = new SeriesFile("s", Convert.ToHexStringLower(SHA256.HashData(series))),
        };
        var train = new TrainRequest { Segment = "s", Start = 20, Steps = made.Length, Plan = rates };
        return SegmentAudit.Check(train, change is null ? done : change(done), series);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void A_series_that_no_silo_would_read_is_refused_with_what_to_do(int beyond, bool passes)
    {
        using var folder = new TemporaryFolder();
        var series = new FileInfo(folder.File("series"));
        using (FileStream file = series.Create())
        {
            file.SetLength(SegmentAudit.LongestSeries + beyond); // Sparse: it takes no room.
        }

        SegmentFailure? failure = SegmentAudit.CheckLength(new FileInfo(series.FullName));

        Assert.Equal(passes, failure is null);
        Assert.True(passes || failure!.Message.Contains("shorter segments (segmentSteps)", StringComparison.Ordinal));
    }

    [Fact]
    public void The_planned_rates_pass_also_for_a_prefix()
    {
        Assert.Null(Check(Plan, Plan.Expand(9)));
        Assert.Null(Check(Plan, Plan.Expand(4)));
        Assert.Null(Check(Plan, []));
    }

    [Fact]
    public void One_bit_in_one_rate_does_not()
    {
        double[] rates = Plan.Expand(9);
        rates[5] = Math.BitIncrement(rates[5]);

        SegmentFailure? failure = Check(Plan, rates);

        Assert.Equal("wrong_rates", failure!.Kind);
        Assert.Contains("step 25", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_is_held_to_its_bounds_and_to_what_it_said()
    {
        Assert.Null(Check(Rule, [0.01, 0.2, 0.05]));
        Assert.Null(Check(Rule, [0.01, 0.2], change: d => d with { Rates = [0.01, 0.2] }));
        Assert.Equal("wrong_rates", Check(Rule, [0.01, 0.21])!.Kind);
        Assert.Equal("wrong_rates", Check(Rule, [0.01, 0.2], change: d => d with { Rates = [0.01, 0.1] })!.Kind);
    }

    [Fact]
    public void Steps_hash_and_form_of_the_series_are_held_to_too()
    {
        Assert.Equal("protocol", Check(Plan, Plan.Expand(5), first: 0)!.Kind);
        Assert.Equal("protocol", Check(Plan, Plan.Expand(5), change: d => d with { Steps = 4 })!.Kind);
        Assert.Equal("protocol", Check(Plan, Plan.Expand(5), change: d => d with { Series = new SeriesFile("s", "0") })!.Kind);
        byte[] garbage = "rate\n1\n"u8.ToArray();
        var done = new DoneReply { Steps = 1, Series = new SeriesFile("s", Convert.ToHexStringLower(SHA256.HashData(garbage))) };
        Assert.Equal("protocol", SegmentAudit.Check(new TrainRequest { Segment = "s", Start = 0, Steps = 1, Plan = Plan }, done, garbage)!.Kind);
    }
}
