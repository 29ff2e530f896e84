namespace Orchestrator.Bo.Forecasting;

// Notation
//   v, y, w [n]  shape, losses, weights
//   m            the curve at the last loss
//   d            its drop from there to the target, floor − m ≤ d ≤ 0; the forecast is m + d
//   r            ridge, s²/(prior deviation of d)²: d ~ N(0, ·) a priori, m free
//
//   E(m, d)      Σ w (y − m − d·v)² + r·d²
//   precision    [Σw, Σwv; Σwv, Σwv² + r] / s²

/// <summary>
/// The penalised weighted least-squares fit of y ≈ m + d·v: two unknowns in closed form, and always a result, because
/// the ridge carries what the losses do not say.
/// </summary>
/// <param name="M">m.</param>
/// <param name="D">d.</param>
/// <param name="Error">E, with the penalty.</param>
/// <param name="Determinant">Of the precision, times s⁴; above 0.</param>
/// <param name="Variance">Of m + d, over s².</param>
internal readonly record struct DropFit(double M, double D, double Error, double Determinant, double Variance)
{
    public double Forecast => M + D;

    public static DropFit Solve(double[] v, double[] y, double[] w, double ridge, double floor)
    {
        double sw = 0;
        double sv = 0;
        double sy = 0;
        for (int i = 0; i < v.Length; i++)
        {
            sw += w[i];
            sv += w[i] * v[i];
            sy += w[i] * y[i];
        }

        double meanV = sv / sw;
        double meanY = sy / sw;
        double spread = ridge;
        double mixed = 0;
        double squares = ridge;
        for (int i = 0; i < v.Length; i++)
        {
            spread += w[i] * (v[i] - meanV) * (v[i] - meanV);
            mixed += w[i] * (v[i] - meanV) * (y[i] - meanY);
            squares += w[i] * v[i] * v[i];
        }

        double d = spread > 0 ? Math.Min(0, mixed / spread) : 0;
        double m = meanY - (d * meanV);
        if (m + d < floor)
        {
            (m, d) = OnFloor(v, y, w, floor);
        }

        double error = ridge * d * d;
        for (int i = 0; i < v.Length; i++)
        {
            double residual = y[i] - m - (d * v[i]);
            error += w[i] * residual * residual;
        }

        double determinant = Math.Max((sw * squares) - (sv * sv), double.Epsilon);
        return new DropFit(m, d, error, determinant, (squares - (2 * sv) + sw) / determinant);
    }

    /// <summary>The fit whose forecast is the floor: y − floor ≈ d·(v − 1).</summary>
    private static (double M, double D) OnFloor(double[] v, double[] y, double[] w, double floor)
    {
        double squares = 0;
        double mixed = 0;
        for (int i = 0; i < v.Length; i++)
        {
            squares += w[i] * (v[i] - 1) * (v[i] - 1);
            mixed += w[i] * (v[i] - 1) * (y[i] - floor);
        }

        // v is at most 0, so that squares is at least Σw.
        double d = Math.Min(0, mixed / squares);
        return (floor - d, d);
    }
}
