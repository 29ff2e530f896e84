using MathNet.Numerics;
using Orchestrator.Bo.Searches;

namespace Orchestrator.Bo.Forecasting;

// Notation
//   x, y [n]   steps and losses;  p(x) = p₀ + p₁x + p₂x²  their least-squares parabola (x scaled to [0, 1])
//   c + a·e^{bx}, b < 0   the exponential fitted to p on x, not to y: for a given b, (a, c) are linear least squares

/// <summary>
/// The forecaster of the published AutoLRS (Jin et al. 2021), its defects mended: losses are filtered by a
/// least-squares parabola (which is what its smoothing spline amounts to), those that stick out are dropped, and an
/// exponential is fitted to the parabola. Beside the paper: outliers are dropped wherever they stand, a collinear fit
/// falls back on the last losses instead of failing, and nothing that is not finite comes out.
/// </summary>
/// <param name="passes">How often outliers are dropped: 10 for training losses.</param>
/// <param name="share">Share of the losses dropped in a pass, 0.03 in the paper; at least one where <paramref name="passes"/> is 1.</param>
public sealed class ParabolaForecaster(int passes = 10, double share = 0.03) : IForecaster
{
    private const int Rates = 60;
    private const double FastestDecay = 0.3;
    private const int LastLosses = 10;

    /// <inheritdoc/>
    public Forecast? Predict(IReadOnlyList<LossPoint> points, ForecastTarget target)
    {
        ArgumentNullException.ThrowIfNull(points);
        FinitePoints finite = FinitePoints.Of(points);
        List<LossPoint> kept = [.. finite.X.Zip(finite.Y, (step, loss) => new LossPoint(step, loss))];
        if (kept.Count == 0)
        {
            return null;
        }

        double last = kept.TakeLast(LastLosses).Average(point => point.Loss);
        double[] steps = [.. kept.Select(point => point.Step)];
        double scale = Math.Max(1, steps[^1]);
        if (kept.Count < 4 || Filter(kept, scale) is not { } parabola)
        {
            return new Forecast(last, Spread(kept, _ => last));
        }

        double[] smooth = [.. steps.Select(step => Polynomial.Evaluate(step / scale, parabola))];
        double mean = Extrapolate(steps, smooth, target) ?? last;
        double deviation = Spread(kept, step => Polynomial.Evaluate(step / scale, parabola));
        return double.IsFinite(mean) && double.IsFinite(deviation) ? new Forecast(mean, deviation) : new Forecast(last, Spread(kept, _ => last));
    }

    /// <summary>Root of the mean squared distance from a curve.</summary>
    private static double Spread(List<LossPoint> points, Func<double, double> curve)
    {
        double worst = Math.Sqrt(points.Average(point => Math.Pow(Math.Clamp(point.Loss - curve(point.Step), -1e150, 1e150), 2)));
        return double.IsFinite(worst) ? worst : 0;
    }

    /// <summary>Coefficients of the parabola through what is left when outliers were dropped; null when there is none.</summary>
    private double[]? Filter(List<LossPoint> kept, double scale)
    {
        double[]? parabola = Fit2(kept, scale);
        for (int pass = 0; pass < passes && parabola is not null; pass++)
        {
            int drop = passes == 1 ? 1 : (int)(share * kept.Count);
            if (drop == 0 || kept.Count - drop < 4)
            {
                break;
            }

            double[] now = parabola;
            LossPoint[] worst = [.. kept.OrderByDescending(point => Math.Abs(point.Loss - Polynomial.Evaluate(point.Step / scale, now))).Take(drop)];
            kept.RemoveAll(worst.Contains);
            parabola = Fit2(kept, scale);
        }

        return parabola;
    }

    private static double[]? Fit2(List<LossPoint> points, double scale)
    {
        try
        {
            double[] p = Fit.Polynomial([.. points.Select(point => point.Step / scale)], [.. points.Select(point => point.Loss)], 2);
            return p.All(double.IsFinite) ? p : null;
        }
        catch (ArgumentException)
        {
            // MathNet throws when the steps do not determine a parabola.
            return null;
        }
    }

    /// <summary>The best exponential's mean over the target; null when none decays.</summary>
    private static double? Extrapolate(double[] x, double[] y, ForecastTarget target)
    {
        double slowest = 0.1 / Math.Max(target.End, 1);
        (double Error, double Mean)? best = null;
        for (int i = 0; i < Rates; i++)
        {
            double b = -slowest * Math.Pow(FastestDecay / slowest, (double)i / (Rates - 1));
            double[] u = [.. x.Select(step => Math.Exp(b * step))];
            double um = u.Average();
            double ym = y.Average();
            double spread = u.Sum(v => (v - um) * (v - um));
            if (spread < 1e-12)
            {
                continue;
            }

            double a = u.Zip(y, (v, w) => (v - um) * (w - ym)).Sum() / spread;
            double c = ym - (a * um);
            double error = u.Zip(y, (v, w) => Math.Pow(w - c - (a * v), 2)).Sum();
            if (double.IsFinite(error) && (best is null || error < best.Value.Error))
            {
                best = (error, c + (a * target.Mean(step => Math.Exp(b * step))));
            }
        }

        return best?.Mean;
    }
}
