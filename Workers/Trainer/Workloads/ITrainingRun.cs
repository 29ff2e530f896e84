namespace Orchestrator.Workers.Trainer.Workloads;

/// <summary>
/// A model in training. A step is <see cref="Measure"/>, then <see cref="Update"/>: between them the guard looks at
/// what was measured.
/// </summary>
/// <threadsafety>One thread, always the same.</threadsafety>
internal interface ITrainingRun : IDisposable
{
    /// <summary>Name of the optimiser, as in a checkpoint's metadata.</summary>
    string Optimizer { get; }

    /// <summary>Trained parameters.</summary>
    long ParameterCount { get; }

    /// <summary>Puts weights drawn from the seed and an empty optimiser state.</summary>
    void Initialize();

    /// <summary>
    /// Shows every tensor of the state (weights and optimiser) to <paramref name="visit"/>, which may copy it out or
    /// overwrite it. The names are those of a checkpoint.
    /// </summary>
    void VisitState(StateAccess access, StateVisitor visit);

    /// <summary>Computes the loss of batch <paramref name="step"/> and its gradient.</summary>
    /// <param name="step">The t-th update of the trial, t = 0 …; it decides the batch.</param>
    StepMeasure Measure(long step);

    /// <summary>Applies the gradient that was measured last.</summary>
    /// <param name="rate">The learning rate.</param>
    void Update(double rate);

    /// <summary>Evaluates a held-out split, without any randomness.</summary>
    /// <param name="split">A constant of <see cref="Contracts.Trainers.ValidationSplits"/>.</param>
    /// <param name="samples">Only the split's first so many samples; null: all.</param>
    /// <param name="alive">Called now and then; it may write a sign of life, and returns false to give up.</param>
    /// <returns>The evaluation; null where it was given up.</returns>
    Evaluation? Evaluate(string split, long? samples, Func<bool> alive);
}

/// <summary>What an evaluation found.</summary>
/// <param name="Metrics">Metrics by name, non-finite ones too.</param>
/// <param name="Samples">Samples that went forward through the model; null: none did.</param>
internal sealed record Evaluation(IReadOnlyDictionary<string, double> Metrics, long? Samples);

/// <summary>What a step measured, before its update.</summary>
/// <param name="Loss">Mean loss of the batch.</param>
/// <param name="GradientL1">Σ|gᵢ|, without weight decay.</param>
/// <param name="GradientL2">√Σgᵢ², without weight decay.</param>
internal readonly record struct StepMeasure(double Loss, double GradientL1, double GradientL2);

/// <summary>What a visit of the state is for.</summary>
internal enum StateAccess
{
    /// <summary>The bytes are read.</summary>
    Read,

    /// <summary>Every byte is overwritten.</summary>
    Write,
}

/// <summary>Sees one tensor of the state.</summary>
/// <param name="name">Its name in a checkpoint.</param>
/// <param name="dtype">Its safetensors element type.</param>
/// <param name="shape">Its extents.</param>
/// <param name="bytes">Its bytes, row-major, little endian.</param>
internal delegate void StateVisitor(string name, string dtype, IReadOnlyList<long> shape, Span<byte> bytes);
