using static TorchSharp.torch;

namespace Orchestrator.Workers.Trainer.Models;

/// <summary>A network: what its parameters are, and what it makes of an input. It holds no values.</summary>
internal interface IModel
{
    /// <summary>The parameters, in the order in which they are drawn.</summary>
    IReadOnlyList<ParameterSpec> Parameters { get; }

    /// <summary>The logits, [n, classes].</summary>
    /// <param name="parameters">Values of <see cref="Parameters"/>.</param>
    /// <param name="input">A batch, in the shape the model's samples have.</param>
    Tensor Forward(ParameterSet parameters, Tensor input);
}
