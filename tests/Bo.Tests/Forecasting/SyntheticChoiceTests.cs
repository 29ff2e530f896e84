using Orchestrator.Bo.Forecasting;
using Orchestrator.Bo.Searches;
using Orchestrator.Bo.Simulation;

namespace Orchestrator.Bo.Tests.Forecasting;

/// <summary>
/// 60 trials of ten rates on a noisy quadratic: from 100 losses, which rate has the lowest loss after 1,000 steps? The
/// score of a forecaster is the mean over trials of the true loss of its choice over that of the best rate; the truth
/// is the exact expectation.
/// </summary>
public sealed class SyntheticChoiceTests
{
    private const int Trials = 60;
    private const int Steps = 1000;
    private const int Seen = 100;
    private static readonly NoisyQuadratic Problem = NoisyQuadratic.Standard(momentum: 0);
    private static readonly double[] Rates = [.. Enumerable.Range(0, 10).Select(i => 0.003 * Math.Pow(2.2 / 0.003, i / 9.0))];
    private static readonly double[] Truth = [.. Rates.Select(Expected)];
    private static readonly Lazy<LossPoint[][][]> Probes = new(
        () => [.. Enumerable.Range(0, Trials).Select(seed => Rates.Select(rate => Probe(seed, rate)).ToArray())]);

    [Fact]
    public void No_forecast_fails()
    {
        foreach (LossPoint[] probe in Probes.Value.SelectMany(trial => trial))
        {
            Forecast? forecast = new DecayForecaster().Predict(probe, new ForecastTarget(Steps));
            Assert.True(forecast is not null && double.IsFinite(forecast.Mean) && double.IsFinite(forecast.Deviation));
        }
    }

    [Fact]
    public void Choosing_by_forecast_is_no_worse_than_by_the_last_losses_or_by_the_published_forecast()
    {
        double ours = Score(new DecayForecaster());
        double last = Score(new LastValueForecaster(10));
        double published = Score(new ParabolaForecaster());
        TestContext.Current.SendDiagnosticMessage($"Mean ratio to the best: ours {ours:F3}, last ten {last:F3}, published {published:F3}.");
        Assert.True(ours <= last, $"Ours {ours}, the mean of the last ten losses {last}.");
        Assert.True(ours <= published, $"Ours {ours}, the published forecaster {published}.");
    }

    private static double Score(IForecaster forecaster) => Probes.Value.Average(trial =>
    {
        double[] means = [.. trial.Select(probe => forecaster.Predict(probe, new ForecastTarget(Steps))!.Mean)];
        return Truth[Array.IndexOf(means, means.Min())] / Truth.Min();
    });

    private static LossPoint[] Probe(int seed, double rate)
    {
        QuadraticState state = Problem.Initial(seed);
        var points = new LossPoint[Seen];
        for (int t = 0; t < Seen; t++)
        {
            QuadraticStep step = Problem.Step(state, rate, t, seed);
            (points[t], state) = (new LossPoint(t, step.Loss), step.State);
        }

        return points;
    }

    private static double Expected(double rate)
    {
        var moments = new QuadraticMoments(Problem);
        for (int t = 0; t < Steps; t++)
        {
            moments.Step(rate);
        }

        return moments.Loss;
    }
}
