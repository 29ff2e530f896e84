using Orchestrator.Bo.Searches;
using Orchestrator.Contracts.Trainers;
using Orchestrator.Workers.Trainer.Workloads;

namespace Orchestrator.Workers.Trainer.Segments;

/// <summary>
/// Decides at each step, before its update, whether a segment goes on. A loss or gradient that is not finite always
/// ends it; a rise of the loss or a large gradient does where limits were given.
/// </summary>
internal sealed class DivergenceGuard
{
    private readonly DivergenceLimits _limits;
    private readonly LossRise _rise;

    /// <param name="limits">Null: non-finite numbers only.</param>
    /// <exception cref="TrainerException">Bad input: a limit is out of range.</exception>
    internal DivergenceGuard(DivergenceLimits? limits)
    {
        _limits = limits ?? new();
        if (_limits.Patience < 1 || _limits.MaxLossRise <= 0 || _limits.MaxGradientNorm <= 0)
        {
            throw TrainerException.BadInput("guard: `patience` is at least 1, `maxLossRise` and `maxGradientNorm` are above 0");
        }

        _rise = new LossRise(_limits.MaxLossRise, _limits.Patience, _limits.ReferenceLoss, _limits.EarlierLosses);
        LastFiniteLoss = _limits.EarlierLosses is [.., var last] ? last : null;
    }

    /// <summary>The last finite loss seen; null: none yet.</summary>
    internal double? LastFiniteLoss { get; private set; }

    /// <summary>Looks at a step's measure.</summary>
    /// <returns>Why the segment must end; null: it goes on.</returns>
    internal string? Check(StepMeasure measure)
    {
        if (!double.IsFinite(measure.Loss))
        {
            return "the loss is not finite";
        }

        LastFiniteLoss = measure.Loss;
        if (!double.IsFinite(measure.GradientL1) || !double.IsFinite(measure.GradientL2))
        {
            return "the gradient is not finite";
        }

        if (measure.GradientL2 > _limits.MaxGradientNorm)
        {
            return $"the gradient's norm {measure.GradientL2} exceeds {_limits.MaxGradientNorm}";
        }

        return _rise.IsExceededBy(measure.Loss)
            ? $"the mean of the last {_limits.Patience} losses exceeds {_limits.MaxLossRise} times the reference {_rise.Reference}"
            : null;
    }
}
