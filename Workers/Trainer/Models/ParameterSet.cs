using Orchestrator.Bo.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace Orchestrator.Workers.Trainer.Models;

/// <summary>
/// The parameters of a model, all in one flat tensor, and their gradients in another; a parameter is a view of the
/// first, its gradient a view of the second. Optimisers and norms are so a handful of operations over two tensors,
/// whatever the number of layers. Each view begins at a multiple of 64 bytes, as kernels like it; the gaps stay zero.
/// </summary>
internal sealed class ParameterSet : IDisposable
{
    private const long Alignment = 16; // floats

    private readonly Dictionary<string, Tensor> _views = [];
    private readonly Tensor[] _gradients;

    /// <summary>Makes room; values are zero.</summary>
    internal ParameterSet(IReadOnlyList<ParameterSpec> specs, Device device)
    {
        Specs = specs;
        Offsets = new long[specs.Count];
        long length = 0;
        for (var i = 0; i < specs.Count; i++)
        {
            Offsets[i] = length;
            length += (specs[i].Count + Alignment - 1) / Alignment * Alignment;
        }

        Values = zeros(length, ScalarType.Float32, device).DetachFromDisposeScope();
        Gradients = zeros(length, ScalarType.Float32, device).DetachFromDisposeScope();
        _gradients = new Tensor[specs.Count];
        for (var i = 0; i < specs.Count; i++)
        {
            var spec = specs[i];
            var view = View(Values, i).requires_grad_(true);
            _gradients[i] = View(Gradients, i);
            view.grad = _gradients[i];
            _views.Add(spec.Name, view);
        }
    }

    /// <summary>What the parameters are, in the model's order.</summary>
    internal IReadOnlyList<ParameterSpec> Specs { get; }

    /// <summary>Where each begins in the flat tensors, in values.</summary>
    internal long[] Offsets { get; }

    /// <summary>All parameters, flat.</summary>
    internal Tensor Values { get; }

    /// <summary>All gradients, flat: the backward pass adds to what is there.</summary>
    internal Tensor Gradients { get; }

    /// <summary>Number of parameters, without the gaps.</summary>
    internal long Count => Specs.Sum(s => s.Count);

    /// <summary>The parameter of a name.</summary>
    internal Tensor this[string name] => _views[name];

    /// <summary>Draws all values from torch's generator, seeded by stream <c>weights</c> at step −1.</summary>
    internal void Initialize(long seed)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        random.manual_seed(unchecked((long)RandomStreams.Seed(seed, "weights", -1)));
        for (var i = 0; i < Specs.Count; i++)
        {
            // Drawn on the CPU, whatever the device, so that all devices begin with the same weights.
            var (kind, scale) = Specs[i].Initial;
            var values = empty(Specs[i].Shape, ScalarType.Float32);
            _ = kind switch
            {
                InitializationKind.Uniform => values.uniform_(-scale, scale),
                InitializationKind.Normal => values.normal_(0, scale),
                _ => values.fill_(scale),
            };
            View(Values, i).copy_(values);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _views.Values.Concat(_gradients))
        {
            tensor.Dispose();
        }

        Values.Dispose();
        Gradients.Dispose();
    }

    private Tensor View(Tensor flat, int i)
    {
        using var scope = NewDisposeScope();
        return flat.narrow(0, Offsets[i], Specs[i].Count).view(Specs[i].Shape).DetachFromDisposeScope();
    }
}
