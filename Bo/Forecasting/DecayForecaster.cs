using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Forecasting;

// Notation
//   n            number of losses;  x [n] their steps;  y [n] the losses
//   u, v         a shape of decay and its scaled form (DecayShape);  m, d  level at the last loss and drop (DropFit)
//   ℓ            size of the losses: median of the last third
//   w [n]        Huber weights
//   ρ            correlation of successive residuals: (1 + ρ)/(1 − ρ) losses say as much as one independent one
//   s²           E_min/(Σw − 3) · (1 + ρ)/(1 − ρ), the variance of a loss about its curve
//   κ            0.15: d is N(0, (κℓ)²) before any loss is seen
//   δ            0.1: by how much of ℓ a stage departs from every shape we know, one standard deviation
//
//   belief       p ∝ prior · exp(−E/(2s²)) / √det: the shape's marginal likelihood
//   mean         Σ p (m + d)
//   variance     Σ p ((m + d)² + s²·Variance) − mean² + s²/Count + (δℓ)²
//
// For one shape, least squares over (m, d) is least squares over (a, c) of c + a·u with a ≥ 0 (variable projection,
// Golub and Pereyra 1973); the averaging over shapes replaces the search for the best one.

/// <summary>
/// Forecasts a loss curve from its beginning as an average over the families of decays (<see cref="DecayShape"/>) that
/// explain it.
/// The beginning of a curve seldom says how it ends: a forecast that commits itself to the best fit extrapolates
/// noise. So shapes are averaged by how well they explain what was seen, a large further drop has to be shown by the
/// losses, and losses that stick out are given less weight. Pure, and its cost is fixed: it does not iterate to
/// convergence, so it cannot fail.
/// </summary>
/// <param name="floor">No loss goes below this; null: 0 if all losses seen are above it.</param>
public sealed class DecayForecaster(double? floor = null) : IForecaster
{
    private const double DropDeviation = 0.15;
    private const double Discrepancy = 0.1;
    private const double Huber = 1.345;
    private const double MedianToDeviation = 1.4826;
    private const double MostCorrelated = 0.9;
    private const int Reweightings = 3;
    private const int Refinements = 40;

    /// <summary>With fewer losses than this, how well they are fitted says nothing about their noise.</summary>
    private const int FewLosses = 5;

    /// <inheritdoc/>
    public Forecast? Predict(IReadOnlyList<LossPoint> points, ForecastTarget target)
    {
        ArgumentNullException.ThrowIfNull(points);
        FinitePoints data = FinitePoints.Of(points);
        if (data.Count == 0)
        {
            return null;
        }

        double lowest = floor ?? (data.Y.Min() > 0 ? 0 : double.NegativeInfinity);
        double size = Size(data.Y);
        DecayShape[] shapes = DecayShape.Family(data.X, target);
        double[] weights = [.. Enumerable.Repeat(1.0, data.Count)];
        DecayShape best = Best(shapes, data.Y, weights, lowest);
        for (int i = 0; i < Reweightings; i++)
        {
            Reweight(weights, Residuals(best, data.Y, weights, lowest), size);
            best = Best(shapes, data.Y, weights, lowest);
        }

        if (best.Rate is { } rate)
        {
            best = Refine(rate, data, target, weights, lowest);
            shapes = [.. shapes, best];
        }

        double noise = Noise(Residuals(best, data.Y, weights, lowest), weights, data.Y, size);
        return Average(shapes, data.Y, weights, noise, size, lowest, target.Count);
    }

    /// <summary>
    /// What of a forecast's deviation is its own. The departure from known shapes, δℓ, is shared by segments that were
    /// forked from one checkpoint and see the same batches: it cancels when they are compared.
    /// </summary>
    /// <param name="deviation">Deviation of a forecast.</param>
    /// <param name="level">ℓ, size of the losses it was made from.</param>
    public static double OwnDeviation(double deviation, double level)
    {
        double departure = Discrepancy * level;
        return Math.Sqrt(Math.Max(0, (deviation * deviation) - (departure * departure)));
    }

    /// <summary>ℓ; above 0 whatever the losses.</summary>
    private static double Size(double[] y)
    {
        double[] tail = [.. y[(y.Length * 2 / 3)..].Order()];
        return Math.Max(Math.Max(Math.Abs(tail[tail.Length / 2]), 1e-3 * (y.Max() - y.Min())), 1e-12);
    }

    private static DecayShape Best(DecayShape[] shapes, double[] y, double[] weights, double lowest) =>
        shapes.MinBy(shape => DropFit.Solve(shape.V, y, weights, ridge: 0, lowest).Error)!;

    private static double[] Residuals(DecayShape shape, double[] y, double[] weights, double lowest)
    {
        DropFit fit = DropFit.Solve(shape.V, y, weights, ridge: 0, lowest);
        return [.. y.Select((loss, i) => loss - fit.M - (fit.D * shape.V[i]))];
    }

    /// <summary>Huber's weights, δ = 1.345 standard deviations, these from the median of the residuals' sizes.</summary>
    private static void Reweight(double[] weights, double[] residuals, double size)
    {
        double[] sizes = [.. residuals.Select(Math.Abs).Order()];
        double bound = Huber * Math.Max(MedianToDeviation * sizes[sizes.Length / 2], 1e-9 * (size + sizes[^1]));
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = Math.Abs(residuals[i]) <= bound ? 1 : bound / Math.Abs(residuals[i]);
        }
    }

    /// <summary>The exponential that fits best near a rate of the grid, by golden-section search in log b.</summary>
    private static DecayShape Refine(double rate, FinitePoints data, ForecastTarget target, double[] weights, double lowest)
    {
        DecayShape Shape(double logRate) => DecayShape.Exponential(Math.Exp(logRate), data.X, target);
        double Error(double logRate) => DropFit.Solve(Shape(logRate).V, data.Y, weights, ridge: 0, lowest).Error;
        double golden = (Math.Sqrt(5) - 1) / 2;
        double low = Math.Log(rate) - 0.3;
        double high = Math.Log(rate) + 0.3;
        double left = high - (golden * (high - low));
        double right = low + (golden * (high - low));
        double atLeft = Error(left);
        double atRight = Error(right);
        for (int i = 0; i < Refinements; i++)
        {
            if (atLeft <= atRight)
            {
                (high, right, atRight) = (right, left, atLeft);
                left = high - (golden * (high - low));
                atLeft = Error(left);
            }
            else
            {
                (low, left, atLeft) = (left, right, atRight);
                right = low + (golden * (high - low));
                atRight = Error(right);
            }
        }

        return Shape((low + high) / 2);
    }

    /// <summary>s², above 0.</summary>
    private static double Noise(double[] residuals, double[] weights, double[] y, double size)
    {
        double error = 0;
        double square = 0;
        double product = 0;
        for (int i = 0; i < residuals.Length; i++)
        {
            error += weights[i] * residuals[i] * residuals[i];
            square += residuals[i] * residuals[i];
            product += i == 0 ? 0 : residuals[i] * residuals[i - 1];
        }

        double correlation = square > 0 ? Math.Clamp(product / square, 0, MostCorrelated) : 0;
        double noise = error / Math.Max(1, weights.Sum() - 3) * (1 + correlation) / (1 - correlation);
        double range = y.Length < FewLosses ? (y.Max() - y.Min()) / 2 : 0;
        return Math.Max(Math.Max(noise, range * range), 1e-20 * size * size);
    }

    private static Forecast Average(
        DecayShape[] shapes, double[] y, double[] weights, double noise, double size, double lowest, long count)
    {
        double ridge = noise / (DropDeviation * DropDeviation * size * size);
        DropFit[] fits = [.. shapes.Select(shape => DropFit.Solve(shape.V, y, weights, ridge, lowest))];
        double[] log = [.. fits.Select((fit, i) =>
            Math.Log(shapes[i].Prior) - (fit.Error / (2 * noise)) - (Math.Log(fit.Determinant) / 2))];
        double most = log.Max();
        double anchor = fits[0].Forecast;
        double belief = 0;
        double mean = 0;
        double square = 0;
        double variance = 0;
        for (int i = 0; i < fits.Length; i++)
        {
            double p = Math.Exp(log[i] - most);
            double distance = fits[i].Forecast - anchor;
            belief += p;
            mean += p * distance;
            square += p * distance * distance;
            variance += p * fits[i].Variance * noise;
        }

        mean /= belief;
        double spread = Math.Max(0, (square / belief) - (mean * mean));
        double departure = Discrepancy * size;
        return new Forecast(
            anchor + mean, Math.Sqrt(spread + (variance / belief) + (noise / count) + (departure * departure)));
    }
}
