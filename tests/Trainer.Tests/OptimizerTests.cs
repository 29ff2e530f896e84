using Orchestrator.Workers.Trainer.Optimizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Orchestrator.Trainer.Tests;

/// <summary>The updates by hand: single precision, so that a few units in the seventh digit may differ.</summary>
public sealed class OptimizerTests
{
    [Theory]
    [InlineData(0.0, false, -0.3)]
    [InlineData(0.9, false, -0.561)]
    [InlineData(0.9, true, -0.8049)]
    public void Sgd_takes_three_steps_along_a_gradient_of_one(double momentum, bool nesterov, double wanted)
    {
        using var values = zeros(1);
        using var sgd = new Sgd(values, momentum, nesterov, weightDecay: 0);
        Assert.Equal(wanted, Walk(sgd, values, gradient: 1, rate: 0.1, steps: 3), 1e-6);
    }

    [Fact]
    public void Weight_decay_of_sgd_is_added_to_the_gradient()
    {
        using var values = ones(1);
        using var sgd = new Sgd(values, momentum: 0, nesterov: false, weightDecay: 0.5);
        Assert.Equal(1 - (0.1 * (2 + 0.5)), Walk(sgd, values, gradient: 2, rate: 0.1, steps: 1), 1e-6);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(-0.01)]
    public void Adam_moves_by_the_rate_whatever_a_constant_gradients_size(double gradient)
    {
        using var values = zeros(1);
        using var adam = new Adam(values, 0.9, 0.999, 1e-12, weightDecay: 0, decoupled: false);
        for (int step = 1; step <= 5; step++)
        {
            Assert.Equal(-0.1 * step * Math.Sign(gradient), Walk(adam, values, gradient, rate: 0.1, steps: 1), 1e-5);
        }
    }

    [Fact]
    public void Decay_of_adamw_does_not_pass_through_the_moments_and_that_of_adam_does()
    {
        using var decoupled = ones(1);
        using var adamw = new Adam(decoupled, 0.9, 0.999, 1e-12, weightDecay: 0.1, decoupled: true);
        Assert.Equal(1 - (0.01 * 0.1) - 0.01, Walk(adamw, decoupled, gradient: 1, rate: 0.01, steps: 1), 1e-6);

        using var coupled = ones(1);
        using var adam = new Adam(coupled, 0.9, 0.999, 1e-12, weightDecay: 0.1, decoupled: false);
        Assert.Equal(1 - 0.01, Walk(adam, coupled, gradient: 1, rate: 0.01, steps: 1), 1e-6);
    }

    private static double Walk(IOptimizer optimizer, Tensor values, double gradient, double rate, int steps)
    {
        using var quiet = no_grad();
        for (int step = 0; step < steps; step++)
        {
            using var direction = full_like(values, gradient);
            optimizer.Step(values, direction, rate);
        }

        return values.item<float>();
    }
}
