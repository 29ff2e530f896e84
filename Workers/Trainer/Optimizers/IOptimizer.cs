using static TorchSharp.torch;

namespace Orchestrator.Workers.Trainer.Optimizers;

/// <summary>
/// Turns a flat gradient into a change of flat parameters. Its state has names, those of PyTorch's optimisers, so that
/// checkpoints can say what is what.
/// </summary>
internal interface IOptimizer : IDisposable
{
    /// <summary>Its name in settings and checkpoints.</summary>
    string Name { get; }

    /// <summary>State of the parameters' shape: PyTorch's slot name, and a tensor like the flat parameters.</summary>
    IReadOnlyList<(string Name, Tensor Values)> Slots { get; }

    /// <summary>Updates made, for optimisers whose next one depends on it; null for others.</summary>
    long? Steps { get; set; }

    /// <summary>One update. The gradient is left changed.</summary>
    /// <param name="values">Parameters, changed in place.</param>
    /// <param name="gradient">Their gradient.</param>
    /// <param name="rate">The learning rate.</param>
    void Step(Tensor values, Tensor gradient, double rate);

    /// <summary>Back to the state before the first update.</summary>
    void Reset();
}
