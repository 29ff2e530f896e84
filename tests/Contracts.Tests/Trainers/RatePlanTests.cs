using System.Text.Json;
using CsCheck;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Contracts.Tests.Trainers;

public sealed class RatePlanTests
{
    private static readonly Gen<RatePlan> Plans =
        from runs in Gen.Select(Gen.Long[1, 40], Gen.Double[0, 10], Gen.Double[0, 10], (n, a, b) => new RateRun(n, a, b)).Array[1, 6]
        from offset in Gen.Long[0, runs.Sum(r => r.Steps) - 1]
        select new RatePlan(runs, offset);

    private static readonly Gen<(RatePlan Plan, long Start, long Steps)> Cuts =
        from plan in Plans
        from start in Gen.Long[0, plan.Steps - 1]
        from steps in Gen.Long[0, plan.Steps - start]
        select (plan, start, steps);

    [Fact]
    public void Rates_are_computed_in_the_order_the_protocol_says()
    {
        var plan = new RatePlan([new(3, 0.1, 0.4), new(7, 0.4, 0)]);
        Assert.Equal(
            [0.1, 0.1 + ((0.4 - 0.1) * 1 / 3), 0.1 + ((0.4 - 0.1) * 2 / 3), 0.4, 0.4 + ((0 - 0.4) * 1 / 7)],
            plan.Expand(5));
    }

    [Fact]
    public void A_warm_up_and_a_linear_decay_have_the_rates_of_their_formulas()
    {
        Assert.Equal([0.25, 0.5, 0.75, 1], new RatePlan([new(4, 0.25, 1.25)]).Expand(4));
        Assert.Equal([1, 0.75, 0.5, 0.25], new RatePlan([new(4, 1, 0)]).Expand(4));
    }

    [Fact]
    public void A_step_takes_its_rate_at_offset_plus_step()
    {
        var plan = new RatePlan([new(2, 1, 1), new(4, 1, 0)], offset: 3);
        Assert.Equal(3, plan.Steps);
        Assert.Equal([0.75, 0.5, 0.25], plan.Expand(3));
    }

    [Fact]
    public void Trimming_leaves_runs_out_and_never_rewrites_one()
    {
        var plan = new RatePlan([new(5, 1, 2), new(5, 2, 3), new(5, 3, 4), new(5, 4, 5)], offset: 2);
        Assert.Equal(new RatePlan([new(5, 2, 3), new(5, 3, 4)], 1), plan.Trim(4, 6));
        Assert.Equal(new RatePlan([new(5, 1, 2)], 2), plan.Trim(0, 3));
        Assert.Equal(new RatePlan([new(5, 4, 5)], 4), plan.Trim(17, 1));
        Assert.Equal(new RatePlan([]), plan.Trim(4, 0));
        Assert.Equal(new RatePlan([]), plan.Trim(18, 0));
    }

    [Fact]
    public void Expanding_gives_the_rate_of_each_step() => Plans.Sample(plan =>
        plan.Expand(plan.Steps).SequenceEqual(Enumerable.Range(0, (int)plan.Steps).Select(s => plan.RateAt(s))));

    [Fact]
    public void A_trimmed_plan_has_the_same_bits() => Cuts.Sample(cut =>
        cut.Plan.Trim(cut.Start, cut.Steps).Expand(cut.Steps).AsSpan()
            .SequenceEqual(cut.Plan.Expand(cut.Plan.Steps).AsSpan((int)cut.Start, (int)cut.Steps)));

    [Fact]
    public void Trimming_twice_is_trimming_once() => Cuts.Sample(cut =>
    {
        var half = cut.Steps / 2;
        var direct = cut.Plan.Trim(cut.Start + half, cut.Steps - half);
        return cut.Plan.Trim(cut.Start, cut.Steps).Trim(half, cut.Steps - half).Equals(direct);
    });

    [Fact]
    public void A_trimmed_plan_has_no_run_it_does_not_touch() => Cuts.Sample(cut =>
    {
        var trimmed = cut.Plan.Trim(cut.Start, cut.Steps);
        return cut.Steps == 0
            ? trimmed.Runs.Count == 0
            : trimmed.Offset < trimmed.Runs[0].Steps && trimmed.Steps - cut.Steps < trimmed.Runs[^1].Steps;
    });

    [Fact]
    public void Json_round_trips_bit_for_bit() => Plans.Sample(plan =>
    {
        var json = JsonSerializer.Serialize(plan, TrainerJson.Options);
        return plan.Equals(JsonSerializer.Deserialize<RatePlan>(json, TrainerJson.Options))
            && plan.Equals(JsonSerializer.Deserialize<SegmentRates>(json, TrainerJson.Options));
    });

    [Theory]
    [InlineData(0, 1, 1, 0)]
    [InlineData(-1, 1, 1, 0)]
    [InlineData(1, double.NaN, 1, 0)]
    [InlineData(1, 1, double.PositiveInfinity, 0)]
    [InlineData(1, -0.1, 1, 0)]
    [InlineData(1, 1, 1, 2)]
    [InlineData(1, 1, 1, -1)]
    public void A_plan_out_of_range_is_refused(long steps, double from, double to, long offset) =>
        Assert.Throws<ArgumentException>(() => new RatePlan([new(steps, from, to)], offset));

    [Theory]
    [InlineData("""{"offset":1}""")]
    [InlineData("""{"runs":[[1,2]]}""")]
    [InlineData("""{"runs":[[1.5,2,3]]}""")]
    [InlineData("""{"runs":[["1",2,3]]}""")]
    [InlineData("""{"runs":[[1,2,3]],"offset":"0"}""")]
    [InlineData("""{"rule":"r","initial":2,"min":0,"max":1}""")]
    [InlineData("""{"rule":"r","initial":"x","min":0,"max":1}""")]
    [InlineData("[]")]
    public void Malformed_rates_are_refused(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<SegmentRates>(json, TrainerJson.Options));

    [Fact]
    public void The_plan_covers_no_step_before_it_or_after_it()
    {
        var plan = RatePlan.Constant(3, 0.1);
        Assert.Throws<ArgumentOutOfRangeException>(() => plan.RateAt(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => plan.RateAt(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => plan.Expand(4));
        Assert.Throws<ArgumentOutOfRangeException>(() => plan.Trim(2, 2));
    }
}
