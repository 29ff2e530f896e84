using TorchSharp;
using static TorchSharp.torch;

namespace Orchestrator.Workers.Trainer.Optimizers;

// Notation: w parameters, g gradient, b momentum buffer, η rate, μ momentum, λ weight decay.
//   g ← g + λw;  b ← μb + g;  w ← w − ηb          (Nesterov: w ← w − η(g + μb))

/// <summary>Stochastic gradient descent as PyTorch's <c>SGD</c>: damping 0, weight decay added to the gradient.</summary>
internal sealed class Sgd : IOptimizer
{
    private readonly bool _nesterov;
    private readonly Tensor? _buffer;
    private readonly Scalar _momentum;
    private readonly Scalar? _weightDecay;

    /// <param name="like">The flat parameters.</param>
    /// <param name="momentum">μ, in [0, 1); 0: no buffer is kept.</param>
    /// <param name="nesterov">Look ahead; needs momentum.</param>
    /// <param name="weightDecay">λ, at least 0.</param>
    internal Sgd(Tensor like, double momentum, bool nesterov, double weightDecay)
    {
        if (nesterov && momentum == 0)
        {
            throw TrainerException.BadInput("settings: `nesterov` needs a `momentum` above 0");
        }

        _nesterov = nesterov;
        _momentum = momentum;
        _weightDecay = weightDecay > 0 ? weightDecay : (Scalar?)null;
        _buffer = momentum > 0 ? zeros_like(like).DetachFromDisposeScope() : null;
        Slots = _buffer is null ? [] : [("momentum_buffer", _buffer)];
    }

    /// <inheritdoc/>
    public string Name => "sgd";

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, Tensor Values)> Slots { get; }

    /// <inheritdoc/>
    public long? Steps { get; set; }

    /// <inheritdoc/>
    public void Step(Tensor values, Tensor gradient, double rate)
    {
        if (_weightDecay is not null)
        {
            gradient.add_(values, _weightDecay);
        }

        var direction = gradient;
        if (_buffer is not null)
        {
            _buffer.mul_(_momentum).add_(gradient);
            direction = _nesterov ? gradient.add_(_buffer, _momentum) : _buffer;
        }

        using Scalar scale = -rate;
        values.add_(direction, scale);
    }

    /// <inheritdoc/>
    public void Reset() => _buffer?.zero_();

    /// <inheritdoc/>
    public void Dispose()
    {
        _buffer?.Dispose();
        _momentum.Dispose();
        _weightDecay?.Dispose();
    }
}
