using System.Runtime.InteropServices;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Trainer.Data;
using Orchestrator.Workers.Trainer.Optimizers;
using Orchestrator.Workers.Trainer.Workloads;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Orchestrator.Workers.Trainer.Models;

/// <summary>A network in training on libtorch.</summary>
internal sealed class TorchRun : ITrainingRun
{
    // Fixed, since the sizes of evaluation batches decide the last bits of a sum.
    private const int EvaluationTargets = 1024;

    private readonly IModel _model;
    private readonly ISampleSource _samples;
    private readonly IOptimizer _optimizer;
    private readonly ParameterSet _parameters;
    private readonly BatchBuffer _training;
    private readonly BatchBuffer _evaluation;
    private readonly Device _device;
    private readonly long _seed;

    /// <param name="model">The network.</param>
    /// <param name="samples">What it is trained on.</param>
    /// <param name="optimizer">Makes the optimiser for flat parameters.</param>
    /// <param name="seed">The trial's seed.</param>
    /// <param name="device">Where it is trained.</param>
    internal TorchRun(IModel model, ISampleSource samples, Func<Tensor, IOptimizer> optimizer, long seed, Device device)
    {
        _model = model;
        _samples = samples;
        _seed = seed;
        _device = device;
        _parameters = new(model.Parameters, device);
        _optimizer = optimizer(_parameters.Values);
        _training = new(samples, samples.BatchSize, device);
        _evaluation = new(samples, Math.Max(1, EvaluationTargets / samples.TargetsPerSample), device);
    }

    /// <inheritdoc/>
    public string Optimizer => _optimizer.Name;

    /// <inheritdoc/>
    public long ParameterCount => _parameters.Count;

    /// <inheritdoc/>
    public void Initialize()
    {
        using var quiet = no_grad();
        _parameters.Initialize(_seed);
        _optimizer.Reset();
    }

    /// <inheritdoc/>
    public StepMeasure Measure(long step)
    {
        using var scope = NewDisposeScope();
        _samples.FillTraining(step, _training.Input, _training.Target);
        var (input, target) = _training.Take(_samples.BatchSize);
        _parameters.Gradients.zero_();
        var loss = functional.cross_entropy(_model.Forward(_parameters, input), target);
        loss.backward();

        using var quiet = no_grad();
        var measured = stack([loss, _parameters.Gradients.norm(1f), _parameters.Gradients.norm()]).cpu();
        var values = MemoryMarshal.Cast<byte, float>(measured.bytes);
        return new(values[0], values[1], values[2]);
    }

    /// <inheritdoc/>
    public void Update(double rate)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        _optimizer.Step(_parameters.Values, _parameters.Gradients, rate);
    }

    /// <inheritdoc/>
    public Evaluation? Evaluate(string split, long? samples, Func<bool> alive)
    {
        var held = split == ValidationSplits.Test ? HeldOutSplit.Test : HeldOutSplit.Validation;
        var count = _samples.Count(held);
        count = split == ValidationSplits.Probe ? Math.Min(count, 8 * _samples.BatchSize) : count;
        count = (int)Math.Min(count, samples ?? count);
        using var quiet = no_grad();
        double loss = 0;
        long correct = 0;
        for (var first = 0; first < count; first += _evaluation.Capacity)
        {
            using var scope = NewDisposeScope();
            var size = Math.Min(_evaluation.Capacity, count - first);
            _samples.FillHeldOut(held, first, size, _evaluation.Input, _evaluation.Target);
            var (input, target) = _evaluation.Take(size);
            var logits = _model.Forward(_parameters, input);
            loss += functional.cross_entropy(logits, target, reduction: Reduction.Sum).item<float>();
            correct += logits.argmax(1).eq(target).sum().item<long>();
            if (!alive())
            {
                return null;
            }
        }

        var targets = (double)count * _samples.TargetsPerSample;
        return new(_samples.Metrics(split, loss / targets, correct / targets), count);
    }

    /// <inheritdoc/>
    public void VisitState(StateAccess access, StateVisitor visit)
    {
        VisitFlat(_parameters.Values, access, visit, name => CheckpointFormat.ModelPrefix + name);
        foreach (var (slot, values) in _optimizer.Slots)
        {
            VisitFlat(values, access, visit, name => $"{CheckpointFormat.OptimizerPrefix}{name}.{slot}");
        }

        if (_optimizer.Steps is { } steps)
        {
            Span<float> counter = [steps];
            foreach (var spec in _parameters.Specs)
            {
                visit($"{CheckpointFormat.OptimizerPrefix}{spec.Name}.step", "F32", [], MemoryMarshal.AsBytes(counter));
            }

            _optimizer.Steps = (long)counter[0];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _training.Dispose();
        _evaluation.Dispose();
        _optimizer.Dispose();
        _parameters.Dispose();
    }

    private void VisitFlat(Tensor flat, StateAccess access, StateVisitor visit, Func<string, string> name)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var host = flat.cpu();
        var bytes = host.bytes;
        for (var i = 0; i < _parameters.Specs.Count; i++)
        {
            var spec = _parameters.Specs[i];
            visit(
                name(spec.Name), "F32", spec.Shape,
                bytes.Slice((int)(_parameters.Offsets[i] * sizeof(float)), (int)(spec.Count * sizeof(float))));
        }

        if (access == StateAccess.Write && _device.type != DeviceType.CPU)
        {
            flat.copy_(host);
        }
    }
}
