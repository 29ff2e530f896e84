using Orchestrator.Bo.Surrogates;

namespace Orchestrator.Bo.Tests.Surrogates;

public sealed class ObservationsTests
{
    [Fact]
    public void What_no_process_can_be_fitted_to_is_refused_in_words()
    {
        Refused("at least one point", () => new Observations([], []));
        Refused("as many targets", () => new Observations([[0.5]], [1, 2]));
        Refused("as many targets and deviations", () => new Observations([[0.5]], [1], [0, 0]));
        Refused("unit cube", () => new Observations([[1.5]], [1]));
        Refused("unit cube", () => new Observations([[double.NaN]], [1]));
        Refused("same length", () => new Observations([[0.5], [0.5, 0.5]], [1, 2]));
        Refused("at least 1", () => new Observations([[]], [1]));
        Refused("Targets must be finite", () => new Observations([[0.5]], [double.PositiveInfinity]));
        Refused("Deviations must be finite", () => new Observations([[0.5]], [1], [-1]));
        Refused("Deviations must be finite", () => new Observations([[0.5]], [1], [double.NaN]));
    }

    [Fact]
    public void Unknown_deviations_are_zero() => Assert.Equal([0, 0], new Observations([[0.5], [0.6]], [1, 2]).Deviations);

    private static void Refused(string words, Func<object> make) =>
        Assert.Contains(words, Assert.Throws<ArgumentException>(make).Message, StringComparison.Ordinal);
}
