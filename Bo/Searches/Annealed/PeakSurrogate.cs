using Orchestrator.Bo.Numerics;
using Orchestrator.Bo.Surrogates;

namespace Orchestrator.Bo.Searches.Annealed;

// Notation
//   x      log₂ of the rate, in octaves above the lowest point of interest, over their span: in [0, 1]
//   y      excess of a score over the best one of its rung, as a share of that, at most cap − 1
//   σ_r    deviation of y from what full-length training would show, of a probe of n_r steps: 0.004 · n₂/n_r
//   EI     E max(0, m − f(x)), m the lowest posterior mean of a rate tried: expected improvement of the final loss

/// <summary>
/// A Gaussian process over log rates through the scores of all rungs. Shorter rungs say less: their probes differ from
/// full-length training by more.
/// </summary>
internal sealed class PeakSurrogate
{
    /// <summary>Deviation of a probe of the last rung, as a share of the loss.</summary>
    private const double Noise = 0.004;

    private readonly GaussianProcess _process;
    private readonly double _low;
    private readonly double _span;
    private readonly double _best;

    private PeakSurrogate(GaussianProcess process, double low, double span, IEnumerable<double> tried)
    {
        (_process, _low, _span) = (process, low, span);
        _best = tried.Min(rate => Predict(rate).Mean);
    }

    /// <summary>The surrogate of what a search has tried; null where fewer than two rates have a finite score.</summary>
    /// <param name="state">Arms and their scores.</param>
    /// <param name="lengths">Steps of a probe of each rung.</param>
    /// <param name="cap">Ratio to the best score beyond which scores count as equally bad.</param>
    public static PeakSurrogate? Of(AnnealedState state, RungLengths lengths, double cap)
    {
        var rates = new List<double>();
        var excess = new List<double>();
        var deviations = new List<double>();
        for (int rung = 0; rung <= 2; rung++)
        {
            if (state.BestOf(rung)?.Score(rung) is not { } best)
            {
                continue;
            }

            double most = PeakChoice.Above(best, cap);
            foreach (Arm arm in state.In(rung).Where(arm => arm.Score(rung) is not null))
            {
                rates.Add(arm.Rate);
                excess.Add((Math.Min(arm.Score(rung)!.Value, most) - best) / Math.Max(Math.Abs(best), double.Epsilon));
                deviations.Add(Noise * lengths[2] / lengths[rung]);
            }
        }

        if (rates.Distinct().Count() < 2)
        {
            return null;
        }

        // Two octaves beside what was tried may be asked for.
        double low = Math.Log2(rates.Min()) - 2;
        double span = Math.Log2(rates.Max()) + 2 - low;
        GaussianProcess process = GaussianProcess.Fit(new Observations([.. rates.Select(rate => At(rate, low, span))], excess, deviations));
        return new PeakSurrogate(process, low, span, rates);
    }

    /// <summary>Excess of the loss at a rate, as a share of it.</summary>
    public Prediction Predict(double rate) => _process.Predict(At(rate, _low, _span));

    /// <summary>Expected improvement of the final loss by probing a rate, as a share of it.</summary>
    public double Improvement(double rate)
    {
        Prediction there = Predict(rate);
        double deviation = Math.Max(there.Deviation, 1e-12);
        return deviation * Math.Exp(NormalTail.LogExcess((_best - there.Mean) / deviation));
    }

    private static double[] At(double rate, double low, double span) => [Math.Clamp((Math.Log2(rate) - low) / span, 0, 1)];
}
