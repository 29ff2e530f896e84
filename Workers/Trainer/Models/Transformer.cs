using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Orchestrator.Workers.Trainer.Models;

/// <summary>
/// A causal transformer over bytes: learned positions; pre-norm layers of fused attention and a dense block of 4 × width
/// with exact GELU; a final norm and an untied head with bias; no dropout. Input [n, context] of bytes.
/// </summary>
internal sealed class Transformer : IModel
{
    private readonly int _context;
    private readonly int _width;
    private readonly int _heads;
    private readonly string[] _layers;

    /// <param name="symbols">Vocabulary.</param>
    /// <param name="context">Length of an input.</param>
    /// <param name="width">Width of the residual stream, a multiple of <paramref name="heads"/>.</param>
    /// <param name="layers">Number of layers.</param>
    /// <param name="heads">Attention heads of a layer.</param>
    internal Transformer(int symbols, int context, int width, int layers, int heads)
    {
        (_context, _width, _heads) = (context, width, heads);
        _layers = [.. Enumerable.Range(0, layers).Select(i => $"layers.{i}")];
        Parameters =
        [
            .. ParameterSpec.Embedding("embedding", symbols, width),
            .. ParameterSpec.Embedding("position", context, width),
            .. _layers.SelectMany(layer => (IEnumerable<ParameterSpec>)
            [
                .. ParameterSpec.Norm($"{layer}.norm1", width),
                .. ParameterSpec.Dense($"{layer}.qkv", width, 3 * width),
                .. ParameterSpec.Dense($"{layer}.projection", width, width),
                .. ParameterSpec.Norm($"{layer}.norm2", width),
                .. ParameterSpec.Dense($"{layer}.expand", width, 4 * width),
                .. ParameterSpec.Dense($"{layer}.contract", 4 * width, width),
            ]),
            .. ParameterSpec.Norm("norm", width),
            .. ParameterSpec.Dense("head", width, symbols),
        ];
    }

    /// <inheritdoc/>
    public IReadOnlyList<ParameterSpec> Parameters { get; }

    /// <inheritdoc/>
    public Tensor Forward(ParameterSet parameters, Tensor input)
    {
        var x = parameters["embedding.weight"].index_select(0, input.view(-1))
            .view(-1, _context, _width).add_(parameters["position.weight"]);
        foreach (var layer in _layers)
        {
            x = x + Attention(parameters, layer, Norm(parameters, $"{layer}.norm1", x));
            var h = functional.gelu(Dense(parameters, $"{layer}.expand", Norm(parameters, $"{layer}.norm2", x)));
            x = x + Dense(parameters, $"{layer}.contract", h);
        }

        return Dense(parameters, "head", Norm(parameters, "norm", x).view(-1, _width));
    }

    private Tensor Attention(ParameterSet parameters, string layer, Tensor x)
    {
        var qkv = Dense(parameters, $"{layer}.qkv", x)
            .view(-1, _context, 3, _heads, _width / _heads).permute(2, 0, 3, 1, 4).unbind(0);
        var y = functional.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], is_casual: true);
        return Dense(parameters, $"{layer}.projection", y.transpose(1, 2).reshape(-1, _context, _width));
    }

    private Tensor Norm(ParameterSet parameters, string name, Tensor x) => functional.layer_norm(
        x, [_width], parameters[$"{name}.weight"], parameters[$"{name}.bias"]);

    private static Tensor Dense(ParameterSet parameters, string name, Tensor x) =>
        functional.linear(x, parameters[$"{name}.weight"], parameters[$"{name}.bias"]);
}
