using Orchestrator.Bo.Simulation;

namespace Orchestrator.Bo.Tests.Simulation;

public sealed class NoisyQuadraticTests
{
    private static readonly NoisyQuadratic Problem = NoisyQuadratic.Standard();

    [Fact]
    public void The_closed_form_of_a_single_mode_gives_the_known_values()
    {
        var single = new QuadraticMoments(new NoisyQuadratic([1], sigma: 0.1, momentum: 0, lossNoise: 0));
        foreach (double expected in new[] { 0.8101, 0.656281, 0.53168761 })
        {
            single.Step(0.1);
            Assert.Equal(expected, single.WeightSquares[0], 1e-9 * expected);
        }

        for (int t = 0; t < 1000; t++)
        {
            single.Step(0.1);
        }

        Assert.Equal(5.263158e-4, single.WeightSquares[0], 1e-10);
    }

    [Fact]
    public void The_simulated_modes_agree_with_the_closed_form()
    {
        // 4,000 equal modes are 4,000 samples of one: their mean square has a relative deviation of √(2/4000).
        var modes = new NoisyQuadratic([.. Enumerable.Repeat(1.0, 4000)], sigma: 0.1, momentum: 0.9, lossNoise: 0);
        var moments = new QuadraticMoments(modes);
        var state = new QuadraticState([.. Enumerable.Repeat(1.0, 4000)], new double[4000]);
        for (int t = 0; t < 60; t++)
        {
            state = modes.Step(state, 0.02, t, seed: 3).State;
            moments.Step(0.02);
            double expected = moments.WeightSquares[0];
            Assert.Equal(expected, state.Weights.Average(w => w * w), 6 * expected * Math.Sqrt(2.0 / 4000));
        }
    }

    [Fact]
    public void A_run_cut_into_pieces_is_the_run_bit_for_bit()
    {
        (QuadraticState whole, _) = Run(Problem.Initial(5), 0, 200);
        QuadraticState pieces = Problem.Initial(5);
        for (int piece = 0; piece < 4; piece++)
        {
            (pieces, _) = Run(new QuadraticState([.. pieces.Weights], [.. pieces.Velocity]), piece * 50, 50);
        }

        Assert.Equal(whole.Weights, pieces.Weights);
        Assert.Equal(whole.Velocity, pieces.Velocity);
    }

    [Fact]
    public void A_step_does_not_change_the_state_it_starts_from()
    {
        QuadraticState state = Problem.Initial(1);
        double[] before = [.. state.Weights];
        Problem.Step(state, 0.1, 0, 1);
        Assert.Equal(before, state.Weights);
        Assert.All(state.Velocity, v => Assert.Equal(0, v));
    }

    [Fact]
    public void Forks_see_the_same_noise()
    {
        QuadraticState state = Problem.Initial(1);
        QuadraticStep small = Problem.Step(state, 0.01, 7, 1);
        QuadraticStep large = Problem.Step(state, 0.1, 7, 1);
        Assert.Equal(small.Loss, large.Loss);
        Assert.Equal(small.State.Velocity, large.State.Velocity);
    }

    [Fact]
    public void A_rate_above_the_stability_limit_ends_in_a_non_finite_loss_and_does_not_throw()
    {
        (_, double loss) = Run(Problem.Initial(1), 0, 2000, rate: 10);
        Assert.False(double.IsFinite(loss));
    }

    [Fact]
    public void Initial_weights_are_standard_normal()
    {
        var wide = new NoisyQuadratic([.. Enumerable.Repeat(1.0, 10000)], 1, 0, 0);
        QuadraticState state = wide.Initial(9);
        Assert.Equal(0, state.Weights.Average(), 0.05);
        Assert.Equal(1, state.Weights.Average(w => w * w), 0.07);
    }

    private static (QuadraticState State, double Loss) Run(QuadraticState state, long start, int steps, double rate = 0.05)
    {
        double loss = double.NaN;
        for (long t = start; t < start + steps; t++)
        {
            QuadraticStep step = Problem.Step(state, rate, t, seed: 5);
            (state, loss) = (step.State, step.Loss);
        }

        return (state, loss);
    }
}
