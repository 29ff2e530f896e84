using TorchSharp;
using static TorchSharp.torch;

namespace Orchestrator.Workers.Trainer.Optimizers;

// Notation: w parameters, g gradient, m and v its first and second moments, η rate, λ weight decay, t updates so far.
//   Adam:  g ← g + λw          AdamW: w ← (1 − ηλ)w
//   m ← m + (1 − β₁)(g − m);  v ← β₂v + (1 − β₂)g²;  t ← t + 1
//   w ← w − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)

/// <summary>Adam (Kingma and Ba) and AdamW (Loshchilov and Hutter), as PyTorch computes them.</summary>
internal sealed class Adam : IOptimizer
{
    private readonly double _beta1;
    private readonly double _beta2;
    private readonly double _weightDecay;
    private readonly bool _decoupled;
    private readonly Tensor _first;
    private readonly Tensor _second;
    private readonly Scalar _epsilon;
    private readonly Scalar _firstKept;
    private readonly Scalar _firstWeight;
    private readonly Scalar _secondKept;
    private readonly Scalar _secondWeight;

    /// <param name="like">The flat parameters.</param>
    /// <param name="beta1">β₁, in [0, 1).</param>
    /// <param name="beta2">β₂, in [0, 1).</param>
    /// <param name="epsilon">ε, above 0.</param>
    /// <param name="weightDecay">λ, at least 0.</param>
    /// <param name="decoupled">AdamW: the decay does not pass through the moments.</param>
    internal Adam(Tensor like, double beta1, double beta2, double epsilon, double weightDecay, bool decoupled)
    {
        (_beta1, _beta2, _weightDecay, _decoupled) = (beta1, beta2, weightDecay, decoupled);
        _epsilon = epsilon;
        _firstKept = beta1;
        _firstWeight = 1 - beta1;
        _secondKept = beta2;
        _secondWeight = 1 - beta2;
        _first = zeros_like(like).DetachFromDisposeScope();
        _second = zeros_like(like).DetachFromDisposeScope();
        Slots = [("exp_avg", _first), ("exp_avg_sq", _second)];
    }

    /// <inheritdoc/>
    public string Name => _decoupled ? "adamw" : "adam";

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Tensor Values)> Slots { get; }

    /// <inheritdoc/>
    public long? Steps { get; set; } = 0;

    /// <inheritdoc/>
    public void Step(Tensor values, Tensor gradient, double rate)
    {
        var t = (Steps ?? 0) + 1;
        Steps = t;
        if (_weightDecay > 0)
        {
            using Scalar decay = _decoupled ? 1 - (rate * _weightDecay) : _weightDecay;
            _ = _decoupled ? values.mul_(decay) : gradient.add_(values, decay);
        }

        _first.mul_(_firstKept).add_(gradient, _firstWeight);
        _second.mul_(_secondKept).addcmul_(gradient, gradient, _secondWeight);
        using Scalar bias = Math.Sqrt(1 - Math.Pow(_beta2, t));
        using Scalar scale = -rate / (1 - Math.Pow(_beta1, t));
        using var denominator = _second.sqrt().div_(bias).add_(_epsilon);
        values.addcdiv_(_first, denominator, scale);
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _first.zero_();
        _second.zero_();
        Steps = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
        _epsilon.Dispose();
        _firstKept.Dispose();
        _firstWeight.Dispose();
        _secondKept.Dispose();
        _secondWeight.Dispose();
    }
}
