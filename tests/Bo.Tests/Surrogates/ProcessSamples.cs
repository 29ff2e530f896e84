using CsCheck;
using Orchestrator.Bo.Surrogates;

namespace Orchestrator.Bo.Tests.Surrogates;

/// <summary>Observations and hyperparameters as they may come.</summary>
internal static class ProcessSamples
{
    public static readonly Gen<double> Unit = Gen.Double[0, 1];

    /// <summary>1 to 4 dimensions, 2 to 12 points, targets of the order of 1, some of them with stated noise.</summary>
    public static readonly Gen<Observations> Observations = Gen.Int[1, 4].SelectMany(dimension => Gen.Int[2, 12].SelectMany(count =>
        Gen.Select(Unit.Array[dimension].Array[count], Gen.Double[-2, 2].Array[count], Gen.Double[0, 0.5].Array[count])
            .Where((_, y, _) => y.Max() - y.Min() > 0.1)
            .Select((x, y, d) => new Observations(x, y, d))));

    /// <summary>Hyperparameters for a number of dimensions, lengths from 0.1 to 3, with noise that matters.</summary>
    public static Gen<Hyperparameters> Hyperparameters(int dimension) =>
        Gen.Select(Gen.Double[-2, 4.6].Array[dimension], Gen.Double[-1, 1], Gen.Double[-6, -1])
            .Select((q, s, noise) => new Hyperparameters([.. q.Select(Math.Exp)], Math.Exp(s), Math.Exp(noise)));

    /// <summary>Observations, hyperparameters, and two points to predict at.</summary>
    public static readonly Gen<(Observations Observations, Hyperparameters Hyperparameters, double[] X, double[] Other)> Processes =
        Observations.SelectMany(o => Gen.Select(Gen.Const(o), Hyperparameters(o.Dimension), Unit.Array[o.Dimension], Unit.Array[o.Dimension]));

    /// <summary>A bowl with a ripple, at n points of one dimension.</summary>
    public static Observations Rippled(int n, double scale = 1, double shift = 0) => new(
        [.. Enumerable.Range(0, n).Select(i => new[] { (i + 0.3) / n })],
        [.. Enumerable.Range(0, n).Select(i => (i + 0.3) / n).Select(x => (scale * (((x - 0.6) * (x - 0.6)) + (0.1 * Math.Sin(9 * x)))) + shift)]);
}
