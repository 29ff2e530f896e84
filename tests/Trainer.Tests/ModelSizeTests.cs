using Orchestrator.Workers.Trainer.Models;

namespace Orchestrator.Trainer.Tests;

/// <summary>The networks are those that others are measured with.</summary>
public sealed class ModelSizeTests
{
    [Fact]
    public void The_perceptron_of_fashion_mnist_has_203_530_parameters() => Assert.Equal(203_530, Count(new Mlp(784, 256, 10)));

    [Fact]
    public void The_convolutional_network_of_fashion_mnist_has_160_454_parameters() => Assert.Equal(160_454, Count(new Cnn(28, 28, 10)));

    /// <summary>A symbol more is a row of the embedding, and a row and a bias of the head.</summary>
    [Theory]
    [InlineData(65, 466_241)]
    [InlineData(256, 466_241 + ((256 - 65) * (96 + 96 + 1)))]
    public void The_transformer_grows_with_its_symbols(int symbols, long parameters) =>
        Assert.Equal(parameters, Count(new Transformer(symbols, context: 64, width: 96, layers: 4, heads: 4)));

    private static long Count(IModel model) => model.Parameters.Sum(parameter => parameter.Count);
}
