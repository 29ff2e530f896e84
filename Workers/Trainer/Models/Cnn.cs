using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Orchestrator.Workers.Trainer.Models;

/// <summary>
/// conv 1→8, 5×5, stride 2, padding 2; conv 8→32, 3×3, stride 2, padding 1; dense 100; dense classes; ReLU between.
/// Input [n, 1, height, width].
/// </summary>
internal sealed class Cnn : IModel
{
    private const int Dense = 100;

    private readonly int _features;

    internal Cnn(int height, int width, int classes)
    {
        _features = 32 * Halved(Halved(height)) * Halved(Halved(width));
        Parameters =
        [
            .. ParameterSpec.Convolution("conv1", 1, 8, 5),
            .. ParameterSpec.Convolution("conv2", 8, 32, 3),
            .. ParameterSpec.Dense("hidden", _features, Dense),
            .. ParameterSpec.Dense("output", Dense, classes),
        ];
    }

    /// <inheritdoc/>
    public IReadOnlyList<ParameterSpec> Parameters { get; }

    /// <inheritdoc/>
    public Tensor Forward(ParameterSet parameters, Tensor input)
    {
        var x = functional.conv2d(
            input, parameters["conv1.weight"], parameters["conv1.bias"], strides: [2, 2], padding: [2, 2]).relu_();
        x = functional.conv2d(x, parameters["conv2.weight"], parameters["conv2.bias"], strides: [2, 2], padding: [1, 1]).relu_();
        x = functional.linear(x.view(-1, _features), parameters["hidden.weight"], parameters["hidden.bias"]).relu_();
        return functional.linear(x, parameters["output.weight"], parameters["output.bias"]);
    }

    // Both convolutions pad by half their kernel, so stride 2 halves a side, rounded up.
    private static int Halved(int side) => (side + 1) / 2;
}
