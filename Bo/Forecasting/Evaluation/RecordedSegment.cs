namespace Orchestrator.Bo.Forecasting.Evaluation;

/// <summary>
/// A recorded training segment that was forked, with others, from one checkpoint: one candidate of one stage.
/// </summary>
/// <param name="Workload">What was trained.</param>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Stage">Which checkpoint it was forked from; segments of one workload, seed and stage are compared.</param>
/// <param name="Rate">Its learning rate.</param>
/// <param name="Steps">Steps recorded.</param>
/// <param name="Finite">Whether every recorded loss is finite.</param>
/// <param name="Validations">Validation losses by number of steps made since the fork, in order.</param>
public sealed record RecordedSegment(
    string Workload, int Seed, int Stage, double Rate, long Steps, bool Finite, IReadOnlyList<LossPoint> Validations);
