using System.Runtime.InteropServices;
using Orchestrator.Bo.Simulation;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Workers.Trainer.Workloads;

/// <summary>The noisy quadratic that the searches are tested on, trained by the same code. Never loads libtorch.</summary>
internal sealed class NoisyQuadraticWorkload : IWorkload
{
    /// <inheritdoc/>
    public string Name => "noisy-quadratic";

    /// <inheritdoc/>
    public IReadOnlyList<SettingDefinition> Settings { get; } =
    [
        new NumberSetting("momentum", "Part of the last update that is kept.", 0.9) { Min = 0, Max = 1, BelowMax = true },
    ];

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = ["validation_loss"];

    /// <inheritdoc/>
    public bool NeedsCpu => true;

    /// <inheritdoc/>
    public ITrainingRun Open(SettingValues settings, OpenContext context) => context.Device == "cpu"
        ? new Run(NoisyQuadratic.Standard(settings.Number("momentum")), context.Seed)
        : throw TrainerException.BadInput($"device `{context.Device}`: {Name} runs on cpu");

    private sealed class Run(NoisyQuadratic problem, long seed) : ITrainingRun
    {
        private QuadraticState _state = problem.Initial(seed);
        private long _measured = -1;

        public string Optimizer => "sgd";

        public long ParameterCount => problem.Dimension;

        public void Initialize() => _state = problem.Initial(seed);

        public StepMeasure Measure(long step)
        {
            _measured = step;
            var step0 = problem.Step(_state, 0, step, seed);
            return new(step0.Loss, step0.GradientL1, step0.GradientL2);
        }

        public void Update(double rate) => _state = problem.Step(_state, rate, _measured, seed).State;

        public Evaluation? Evaluate(string split, long? samples, Func<bool> alive) => new(MetricsOf(split), Samples: null);

        private Dictionary<string, double> MetricsOf(string split) => split switch
        {
            ValidationSplits.Test => new Dictionary<string, double>(),
            ValidationSplits.Probe => new Dictionary<string, double> { ["probe_loss"] = problem.Loss(_state) },
            _ => new Dictionary<string, double> { ["validation_loss"] = problem.Loss(_state) },
        };

        public void VisitState(StateAccess access, StateVisitor visit)
        {
            var shape = new long[] { problem.Dimension };
            var (weights, velocity) = ((double[])_state.Weights.Clone(), (double[])_state.Velocity.Clone());
            visit($"{CheckpointFormat.ModelPrefix}weight", "F64", shape, MemoryMarshal.AsBytes(weights.AsSpan()));
            visit(
                $"{CheckpointFormat.OptimizerPrefix}weight.momentum_buffer", "F64", shape,
                MemoryMarshal.AsBytes(velocity.AsSpan()));
            _state = new(weights, velocity);
        }

        public void Dispose()
        {
        }
    }
}
