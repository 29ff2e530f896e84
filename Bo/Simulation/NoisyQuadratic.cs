using MathNet.Numerics.Distributions;
using Orchestrator.Bo.Numerics;

namespace Orchestrator.Bo.Simulation;

// Notation
//   d        number of modes
//   λ [d]    eigenvalues of the Hessian, λᵢ = i^−p, i = 1 … d
//   w [d]    weights; the minimum is at 0
//   v [d]    velocity (momentum buffer)
//   σ        gradient noise: a gradient is λᵢwᵢ + σ√λᵢ·N(0, 1), its covariance proportional to the Hessian
//   μ        momentum;  η learning rate
//
//   update   v ← μv + g,   w ← w − ηv          (heavy ball, velocity without damping)
//   loss     ½ Σ λᵢwᵢ²

/// <summary>
/// The noisy quadratic: stochastic gradient descent on a quadratic bowl with gradient noise, the smallest problem on
/// which large rates are fast and noisy, small rates slow and exact, and too large ones diverge (above 2(1 + μ)/λ₁).
/// Pure: the noise of step t is a function of (seed, t), so a run may be forked, cut and repeated at will.
/// </summary>
public sealed class NoisyQuadratic
{
    private const string WeightStream = "weights";
    private const string NoiseStream = "noise";

    private readonly double[] _noiseScale;

    /// <summary>A bowl with given eigenvalues.</summary>
    /// <param name="eigenvalues">λ, shape [d], each finite and above 0.</param>
    /// <param name="sigma">σ, at least 0.</param>
    /// <param name="momentum">μ, in [0, 1).</param>
    /// <param name="lossNoise">Standard deviation of the observed training loss, at least 0.</param>
    public NoisyQuadratic(IReadOnlyList<double> eigenvalues, double sigma, double momentum, double lossNoise)
    {
        ArgumentNullException.ThrowIfNull(eigenvalues);
        if (eigenvalues.Count == 0 || eigenvalues.Any(lambda => !(lambda > 0) || !double.IsFinite(lambda)))
        {
            throw new ArgumentException("Give at least one eigenvalue, each finite and above 0.", nameof(eigenvalues));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(sigma);
        ArgumentOutOfRangeException.ThrowIfNegative(momentum);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(momentum, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(lossNoise);
        Eigenvalues = [.. eigenvalues];
        Sigma = sigma;
        Momentum = momentum;
        LossNoise = lossNoise;
        _noiseScale = [.. Eigenvalues.Select(lambda => sigma * Math.Sqrt(lambda))];
    }

    /// <summary>d = 100, λᵢ = i^−1.2, σ = 1, loss noise 0.1.</summary>
    /// <param name="momentum">μ, default 0.9.</param>
    public static NoisyQuadratic Standard(double momentum = 0.9) => new(
        [.. Enumerable.Range(1, 100).Select(i => Math.Pow(i, -1.2))], sigma: 1, momentum, lossNoise: 0.1);

    /// <summary>λ, shape [d].</summary>
    public IReadOnlyList<double> Eigenvalues { get; }

    /// <summary>σ.</summary>
    public double Sigma { get; }

    /// <summary>μ.</summary>
    public double Momentum { get; }

    /// <summary>Standard deviation of the observed training loss.</summary>
    public double LossNoise { get; }

    /// <summary>d.</summary>
    public int Dimension => Eigenvalues.Count;

    /// <summary>The state before the first step: w ~ N(0, 1) from index −1 of stream "weights", v = 0.</summary>
    public QuadraticState Initial(long seed)
    {
        var weights = new double[Dimension];
        Normal.Samples(RandomStreams.Generator(seed, WeightStream, -1), weights, 0, 1);
        return new QuadraticState(weights, new double[Dimension]);
    }

    /// <summary>Update number <paramref name="t"/> with rate <paramref name="rate"/>; a function of its arguments.</summary>
    /// <param name="state">Weights and velocity, not changed.</param>
    /// <param name="rate">η, at least 0.</param>
    /// <param name="t">Index of the update, t = 0 …; with the seed it fixes the noise.</param>
    /// <param name="seed">Seed of the job.</param>
    /// <remarks>A diverged run ends in infinities and NaN, as in training; nothing throws.</remarks>
    public QuadraticStep Step(QuadraticState state, double rate, long t, long seed)
    {
        ArgumentNullException.ThrowIfNull(state);
        var noise = new double[Dimension + 1];
        Normal.Samples(RandomStreams.Generator(seed, NoiseStream, t), noise, 0, 1);
        double loss = Loss(state) + (LossNoise * noise[Dimension]);

        var weights = new double[Dimension];
        var velocity = new double[Dimension];
        double l1 = 0;
        double squares = 0;
        for (int i = 0; i < Dimension; i++)
        {
            double gradient = (Eigenvalues[i] * state.Weights[i]) + (_noiseScale[i] * noise[i]);
            l1 += Math.Abs(gradient);
            squares += gradient * gradient;
            velocity[i] = (Momentum * state.Velocity[i]) + gradient;
            weights[i] = state.Weights[i] - (rate * velocity[i]);
        }

        return new QuadraticStep(new QuadraticState(weights, velocity), loss, l1, Math.Sqrt(squares));
    }

    /// <summary>The exact loss ½ Σ λw²: the validation loss, free of noise.</summary>
    public double Loss(QuadraticState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        double sum = 0;
        for (int i = 0; i < Dimension; i++)
        {
            sum += Eigenvalues[i] * state.Weights[i] * state.Weights[i];
        }

        return sum / 2;
    }
}

/// <summary>Weights and velocity of a <see cref="NoisyQuadratic"/>, shape [d] each; never changed once made.</summary>
public sealed record QuadraticState(double[] Weights, double[] Velocity);

/// <summary>What an update gave.</summary>
/// <param name="State">The state after it.</param>
/// <param name="Loss">The observed training loss before it.</param>
/// <param name="GradientL1">Σ|gᵢ| of its gradient.</param>
/// <param name="GradientL2">√Σgᵢ² of its gradient.</param>
public sealed record QuadraticStep(QuadraticState State, double Loss, double GradientL1, double GradientL2);
