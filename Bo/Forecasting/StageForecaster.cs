using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Forecasting;

// Notation
//   i            candidate: a segment forked from the stage's checkpoint;  l its rate over the largest one
//   t            steps from the checkpoint;  τ the step whose loss is wanted;  n = the last step seen
//   y            losses, all candidates together;  s their noise, a candidate
//   k, r, β      shape: how fast the noise of a rate sets in, how fast its descent begins, how it slows down
//   g(t)         1 − e^{−kt}
//   F(z)         ((1 + z)^β − 1)/β, log(1 + z) at β = 0: descent depends on l·t, the rate spent
//   m, q, p, a   level at the checkpoint, noise of the rate, noise of the rate before, descent; q, p, a ≥ 0
//   model        y = m + q·l·g(t) − p·g(t) − a·F(r l t)/F(r τ)
//
// For a shape the model is linear: least squares with a ridge (q, p, a ~ N(0, (κ·level)²)) and bounds, in closed form by
// going through the eight sets of bounds that can be active. Shapes are averaged by exp(−E/2): nothing is iterated to
// convergence, so that nothing can fail.

/// <summary>
/// Forecasts all candidates of a stage together. They start from one state, so that what one shows tells of the others: low
/// rates show how the loss descends with the rate that is spent, high rates show how much noise a rate adds, and how soon.
/// From a tenth of a stage a high rate looks bad, because its noise has set in and its descent has not; seen alone, each
/// curve would be continued as it is.
/// </summary>
public static class StageForecaster
{
    /// <summary>Differences below this share of the loss are beyond any forecast from a tenth of a stage.</summary>
    public const double LeastTie = 1.0 / 300;

    /// <summary>Losses of one curve are correlated: so many say as much as one.</summary>
    private const double Correlated = 4;

    /// <summary>κ.</summary>
    private const double Prior = 0.3;

    /// <summary>A candidate whose last losses exceed the best by so much follows no law of ours.</summary>
    private const double Lawful = 1.25;

    /// <summary>What the law misses: a share of the level, and a share of the descent still to come.</summary>
    private const double DiscrepancyLevel = 0.04;
    private const double DiscrepancyDescent = 0.5;

    /// <summary>
    /// No candidate is believed to descend more than so many times as far as the one in front will: a high rate whose noise
    /// hides its descent is given any descent by the law, and the more of it the less is seen.
    /// </summary>
    private const double MostDescent = 2;

    private const double LeastNoise = 0.002;
    private const int Least = 3;
    private static readonly double[] Slowing = [-0.5, 0, 0.25, 0.5];

    /// <summary>Forecasts of the loss at <paramref name="target"/>, one a candidate; null where there is no finite loss.</summary>
    /// <param name="candidates">Rates above 0 and losses by step from the stage's start.</param>
    /// <param name="target">The steps whose mean loss is wanted.</param>
    public static IReadOnlyList<StageForecast?> Predict(IReadOnlyList<StageCurve> candidates, ForecastTarget target) =>
        Predict(candidates, target, []);

    /// <summary>
    /// As above, and after them forecasts of arms that were not run: the law says what a rate that decays would reach.
    /// </summary>
    /// <param name="candidates">Rates above 0 and losses by step from the stage's start.</param>
    /// <param name="target">The steps whose mean loss is wanted.</param>
    /// <param name="arms">Rates that decay linearly from now on, until the target.</param>
    public static IReadOnlyList<StageForecast?> Predict(
        IReadOnlyList<StageCurve> candidates, ForecastTarget target, IReadOnlyList<DecayArm> arms)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        ArgumentNullException.ThrowIfNull(arms);
        Seen[] seen = [.. candidates.Select((candidate, i) => Seen.Of(candidate, i)).OfType<Seen>()];
        var forecasts = new StageForecast?[candidates.Count + arms.Count];
        if (seen.Length == 0)
        {
            return forecasts;
        }

        double best = seen.Min(s => s.Last);
        Seen[] lawful = [.. seen.Where(s => s.Last <= best + ((Lawful - 1) * Math.Abs(best)))];
        if (lawful.Length < Least)
        {
            lawful = [.. seen.OrderBy(s => s.Last).Take(Least)];
        }

        foreach (Seen other in seen.Except(lawful))
        {
            // As bad as it is: it may recover or not, and nobody should bet on it.
            forecasts[other.Index] = new StageForecast(other.Last, Math.Max(Math.Abs(other.Last - best), other.Noise), other.Noise, Lawful: false);
        }

        Fit(lawful, target, arms, forecasts);
        return forecasts;
    }

    private static void Fit(Seen[] lawful, ForecastTarget target, IReadOnlyList<DecayArm> arms, StageForecast?[] forecasts)
    {
        double largest = lawful.Max(s => s.Rate);
        double level = Math.Max(lawful.Max(s => Math.Abs(s.Y[0])), 1e-12);
        double length = Math.Max(1, lawful.Max(s => s.X[^1]));
        double end = target.First + ((target.Count - 1) / 2.0);
        double ridge = 1 / (Prior * level * Prior * level);
        StageTarget[] targets =
        [
            .. lawful.Select(s => new StageTarget(s.Index, s.Rate / largest, s.Rate / largest * end, s.Last, s.Noise)),
            .. arms.Select((arm, i) => new StageTarget(
                forecasts.Length - arms.Count + i, arm.FinalRate / largest,
                ((arm.Rate * arm.From) + ((arm.Rate + arm.FinalRate) / 2 * Math.Max(0, end - arm.From))) / largest,
                lawful[Nearest(lawful, arm.Rate)].Last, lawful.Max(s => s.Noise))),
        ];
        var fits = new List<(double Error, double[] Forecasts)>();
        foreach (double k in Geometric(1, 60, 6))
        {
            foreach (double r in Geometric(0.1, 300, 8))
            {
                foreach (double beta in Slowing)
                {
                    fits.Add(StageShapeFit.Solve(lawful, targets, largest, k / length, r / length, beta, end, ridge, Correlated));
                }
            }
        }

        if (lawful.All(s => s.Y.Min() > 0) && fits.Any(fit => fit.Forecasts.Min() > 0))
        {
            fits.RemoveAll(fit => fit.Forecasts.Min() <= 0);
        }

        double least = fits.Min(fit => fit.Error);
        double total = fits.Sum(fit => Math.Exp((least - fit.Error) / 2));
        double[] belief = [.. fits.Select(fit => Math.Exp((least - fit.Error) / 2) / total)];
        (double Mean, double Variance)[] averaged = [.. targets.Select((_, i) => Average([.. fits.Select(fit => fit.Forecasts[i])], belief))];
        int front = Enumerable.Range(0, lawful.Length).MinBy(i => lawful[i].Last);
        double most = MostDescent * Math.Max(0, lawful[front].Last - averaged[front].Mean);
        for (int i = 0; i < targets.Length; i++)
        {
            StageTarget at = targets[i];
            double own = averaged[i].Variance + (at.Noise * at.Noise / Correlated);
            double descent = DiscrepancyDescent * (at.Last - averaged[i].Mean);
            double missed = DiscrepancyLevel * level;

            // An arm is lifted as its candidate is: what it gains by decaying stays.
            int candidate = i < lawful.Length ? i : Nearest(lawful, arms[i - lawful.Length].Rate);
            double lift = Math.Max(0, lawful[candidate].Last - most - averaged[candidate].Mean);
            forecasts[at.Index] = new StageForecast(
                averaged[i].Mean + lift, Math.Sqrt(own + (descent * descent) + (missed * missed)), Math.Sqrt(own), Lawful: true);
        }
    }

    private static int Nearest(Seen[] lawful, double rate) =>
        Enumerable.Range(0, lawful.Length).MinBy(i => Math.Abs(Math.Log(lawful[i].Rate / rate)));

    /// <summary>Mean and variance of the forecasts of all shapes.</summary>
    private static (double Mean, double Variance) Average(double[] forecasts, double[] belief)
    {
        double mean = 0;
        double square = 0;
        for (int f = 0; f < forecasts.Length; f++)
        {
            double distance = forecasts[f] - forecasts[0];
            mean += belief[f] * distance;
            square += belief[f] * distance * distance;
        }

        return (forecasts[0] + mean, Math.Max(0, square - (mean * mean)));
    }

    private static IEnumerable<double> Geometric(double first, double last, int count) =>
        Enumerable.Range(0, count).Select(i => first * Math.Pow(last / first, (double)i / (count - 1)));

    /// <summary>What was seen of a candidate.</summary>
    internal sealed record Seen(int Index, double Rate, double[] X, double[] Y, double Last, double Noise)
    {
        private const double MedianToDeviation = 1.4826;

        public static Seen? Of(StageCurve curve, int index)
        {
            FinitePoints points = FinitePoints.Of(curve.Points);
            if (points.Count == 0)
            {
                return null;
            }

            double last = points.Y[^Math.Min(points.Count, Math.Max(3, points.Count / 6))..].Average();
            double[] steps = [.. points.Y.Zip(points.Y.Skip(1), (a, b) => b - a)];
            double middle = Median(steps);
            double noise = MedianToDeviation * Median([.. steps.Select(step => Math.Abs(step - middle))]) / Math.Sqrt(2);
            return new Seen(index, curve.Rate, points.X, points.Y, last, Math.Max(Math.Max(noise, LeastNoise * Math.Abs(last)), 1e-12));
        }

        private static double Median(double[] values)
        {
            double[] sorted = [.. values.Order()];
            return sorted.Length == 0 ? 0 : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        }
    }
}

/// <summary>The beginning of a candidate's loss curve.</summary>
/// <param name="Rate">Its learning rate, above 0.</param>
/// <param name="Points">Losses by step from the stage's start; need not be finite.</param>
public sealed record StageCurve(double Rate, IReadOnlyList<LossPoint> Points);

/// <summary>A rate that would decay linearly within a stage.</summary>
/// <param name="Rate">The rate up to <paramref name="From"/>.</param>
/// <param name="FinalRate">The rate at the target.</param>
/// <param name="From">Step from the stage's start at which the decay begins.</param>
public sealed record DecayArm(double Rate, double FinalRate, double From);

/// <summary>What is to be forecast, in units of the largest rate.</summary>
/// <param name="Index">Place among the answers.</param>
/// <param name="Rate">l at the target: how much noise it has.</param>
/// <param name="Spent">∫ l dt up to the target: how far it has descended.</param>
/// <param name="Last">The last losses seen of it.</param>
/// <param name="Noise">Their noise.</param>
internal readonly record struct StageTarget(int Index, double Rate, double Spent, double Last, double Noise);

/// <summary>A forecast among candidates.</summary>
/// <param name="Mean">Expected loss.</param>
/// <param name="Deviation">Its standard deviation, above 0.</param>
/// <param name="Own">What of the deviation it does not share with the other candidates.</param>
/// <param name="Lawful">Whether it follows from the law; else it is the last loss of a curve that runs off.</param>
public sealed record StageForecast(double Mean, double Deviation, double Own, bool Lawful);
