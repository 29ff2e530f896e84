using CsCheck;
using Orchestrator.Bo.Schedules;

namespace Orchestrator.Bo.Tests.Schedules;

public sealed class RateRunsTests
{
    private static readonly Gen<RateRun> Run = Gen.Select(Gen.Long[1, 50], Gen.Double[0, 1], Gen.Double[0, 1], Gen.Bool)
        .Select((steps, from, to, constant) => new RateRun(steps, from, constant ? from : to));

    [Fact]
    public void Cut_in_two_anywhere_they_have_the_same_rates_and_constant_ones_the_same_bits() =>
        Gen.Select(Run.Array[0, 5], Gen.Long[0, 260]).Sample((runs, at) =>
        {
            (IReadOnlyList<RateRun> before, IReadOnlyList<RateRun> after) = runs.CutAfter(at);
            Assert.Equal(Math.Min(at, runs.TotalSteps()), before.TotalSteps());
            double[] whole = [.. runs.Rates(0, runs.TotalSteps())];
            double[] parts = [.. before.Rates(0, before.TotalSteps()), .. after.Rates(0, after.TotalSteps())];
            Assert.Equal(whole.Length, parts.Length);
            Assert.All(whole.Zip(parts), pair => Assert.Equal(pair.First, pair.Second, 1e-12));

            // A run is cut only where the border lies within it; of a constant one both parts are.
            Assert.InRange(before.Count + after.Count, runs.Length, runs.Length + 1);
            Assert.All(
                runs.Select((run, i) => (run, start: runs.Take(i).Sum(r => r.Steps))).Where(r => r.run.From == r.run.To),
                constant => Assert.All(Enumerable.Range((int)constant.start, (int)constant.run.Steps), step =>
                    Assert.Equal(BitConverter.DoubleToInt64Bits(whole[step]), BitConverter.DoubleToInt64Bits(parts[step]))));
        });
}
