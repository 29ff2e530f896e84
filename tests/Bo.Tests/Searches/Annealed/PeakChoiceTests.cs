using CsCheck;
using Orchestrator.Bo.Searches.Annealed;

namespace Orchestrator.Bo.Tests.Searches.Annealed;

public sealed class PeakChoiceTests
{
    [Fact]
    public void One_unstable_arm_does_not_bend_the_parabola()
    {
        // Scores at log₂ rates −5, −4, −3.
        double octaves = PeakChoice.Offset(0.5504, 0.5377, 0.7526, cap: 1.07, openEdge: 0.25);
        Assert.Equal(-4.248, -4 + octaves, 3);
        Assert.Equal(0.0526, Math.Pow(2, -4 + octaves), 4);
    }

    [Fact]
    public void A_lower_edge_stays_and_an_upper_edge_goes_up_a_quarter_of_an_octave()
    {
        Assert.Equal(0, PeakChoice.Offset(null, 0.5, 0.6, 1.07, 0.25));
        Assert.Equal(0.25, PeakChoice.Offset(0.6, 0.5, null, 1.07, 0.25));
        Assert.Equal(0, PeakChoice.Offset(null, 0.5, null, 1.07, 0.25));
    }

    [Fact]
    public void A_bracket_that_is_worse_beyond_measure_counts_as_the_cap() =>
        Assert.Equal(PeakChoice.Offset(0.51, 0.5, 0.535, 1.07, 0.25), PeakChoice.Offset(0.51, 0.5, double.PositiveInfinity, 1.07, 0.25));

    [Fact]
    public void Equal_scores_leave_the_best_rate_and_the_vertex_is_never_further_than_half_an_octave()
    {
        Assert.Equal(0, PeakChoice.Offset(0.5, 0.5, 0.5, 1.07, 0.25));
        Gen.Select(Gen.Double[0.01, 10], Gen.Double[1, 5], Gen.Double[1, 5]).Sample((best, below, above) =>
            Math.Abs(PeakChoice.Offset(best * below, best, best * above, 1.07, 0.25)) <= 0.5);
    }

    [Fact]
    public void Scores_that_are_negated_values_are_bounded_by_their_size()
    {
        // Accuracy 0.9 as a score of −0.9: the cap is −0.9 + 0.07 · 0.9, the elimination −0.9 + 0.30 · 0.9.
        Assert.Equal(-0.837, PeakChoice.Above(-0.9, 1.07), 12);
        Assert.Equal(-0.63, PeakChoice.Above(-0.9, 1.30), 12);
    }
}
