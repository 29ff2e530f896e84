using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Orchestrator.Workers.Trainer.Models;

/// <summary>pixels – hidden – classes, ReLU. Input [n, 1, height, width].</summary>
internal sealed class Mlp(int pixels, int hidden, int classes) : IModel
{
    /// <inheritdoc/>
    public IReadOnlyList<ParameterSpec> Parameters { get; } =
    [
        .. ParameterSpec.Dense("hidden", pixels, hidden),
        .. ParameterSpec.Dense("output", hidden, classes),
    ];

    /// <inheritdoc/>
    public Tensor Forward(ParameterSet parameters, Tensor input)
    {
        var x = functional.linear(input.view(-1, pixels), parameters["hidden.weight"], parameters["hidden.bias"]).relu_();
        return functional.linear(x, parameters["output.weight"], parameters["output.bias"]);
    }
}
