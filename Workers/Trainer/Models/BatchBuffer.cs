using System.Runtime.InteropServices;
using Orchestrator.Workers.Trainer.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Orchestrator.Workers.Trainer.Models;

/// <summary>The memory of one batch, filled again and again, so that a step allocates none for its input.</summary>
internal sealed class BatchBuffer : IDisposable
{
    private readonly Device _device;
    private readonly Tensor _input;
    private readonly Tensor _target;
    private readonly int _targetsPerSample;

    /// <param name="source">What the samples look like.</param>
    /// <param name="capacity">Most samples it can hold.</param>
    /// <param name="device">Where batches go.</param>
    internal BatchBuffer(ISampleSource source, int capacity, Device device)
    {
        _device = device;
        _targetsPerSample = source.TargetsPerSample;
        Capacity = capacity;
        _input = zeros([capacity, .. source.InputShape], source.WholeNumbers ? ScalarType.Int64 : ScalarType.Float32)
            .DetachFromDisposeScope();
        _target = zeros([capacity * _targetsPerSample], ScalarType.Int64).DetachFromDisposeScope();
    }

    internal int Capacity { get; }

    /// <summary>The memory to fill, one input after the other.</summary>
    internal Span<byte> Input => _input.bytes;

    /// <summary>The memory to fill, one sample's targets after the other.</summary>
    internal Span<long> Target => MemoryMarshal.Cast<byte, long>(_target.bytes);

    /// <summary>The first samples of the buffer as tensors; they belong to the caller's dispose scope.</summary>
    internal (Tensor Input, Tensor Target) Take(int count)
    {
        var input = count == Capacity ? _input.alias() : _input.narrow(0, 0, count);
        var target = count == Capacity ? _target.alias() : _target.narrow(0, 0, count * _targetsPerSample);
        return (input.to(_device), target.to(_device));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _input.Dispose();
        _target.Dispose();
    }
}
