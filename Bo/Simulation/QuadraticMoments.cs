namespace Orchestrator.Bo.Simulation;

// Notation as in NoisyQuadratic; per mode
//   W = E w²,  C = E wv,  V = E v²
//
//   v' = μv + λw + σ√λ ξ,  w' = w − ηv'   gives
//   V' = μ²V + 2μλC + λ²W + σ²λ
//   D  = E wv' = μC + λW
//   W' = W − 2ηD + η²V',   C' = D − ηV'
// and without momentum W' = (1 − ηλ)²W + η²λσ².

/// <summary>
/// Second moments of a <see cref="NoisyQuadratic"/>'s state over the noise, per mode: the expected loss of any schedule
/// without sampling it. The oracle of the simulator and of whatever claims to find a good schedule.
/// </summary>
public sealed class QuadraticMoments
{
    private readonly NoisyQuadratic _problem;
    private readonly double[] _weight;
    private readonly double[] _cross;
    private readonly double[] _velocity;

    /// <summary>Moments of a start from w = <paramref name="weight"/> in every mode and velocity 0.</summary>
    /// <param name="problem">The bowl.</param>
    /// <param name="weight">w₀ of every mode; the square root of E w₀² if random.</param>
    public QuadraticMoments(NoisyQuadratic problem, double weight = 1)
    {
        ArgumentNullException.ThrowIfNull(problem);
        _problem = problem;
        _weight = new double[problem.Dimension];
        _cross = new double[problem.Dimension];
        _velocity = new double[problem.Dimension];
        Array.Fill(_weight, weight * weight);
    }

    /// <summary>E w², shape [d].</summary>
    public IReadOnlyList<double> WeightSquares => _weight;

    /// <summary>The expected loss ½ Σ λ E w².</summary>
    public double Loss => _problem.Eigenvalues.Zip(_weight, (lambda, square) => lambda * square).Sum() / 2;

    /// <summary>Moves on by one update at rate <paramref name="rate"/>.</summary>
    public void Step(double rate)
    {
        double mu = _problem.Momentum;
        for (int i = 0; i < _weight.Length; i++)
        {
            double lambda = _problem.Eigenvalues[i];
            double noise = _problem.Sigma * _problem.Sigma * lambda;
            double velocity = (mu * mu * _velocity[i]) + (2 * mu * lambda * _cross[i])
                + (lambda * lambda * _weight[i]) + noise;
            double mixed = (mu * _cross[i]) + (lambda * _weight[i]);
            _weight[i] += (rate * rate * velocity) - (2 * rate * mixed);
            _cross[i] = mixed - (rate * velocity);
            _velocity[i] = velocity;
        }
    }
}
